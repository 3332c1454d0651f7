//! Nothing is left behind, whatever ends this program.
//!
//! A process doesn't die with its parent, and a SIGKILLed parent can't kill it. So a
//! shell holds the numbers of the processes and one end of a pipe. Its other end is
//! this program's, and the system closes it, however the program ends. Then the
//! shell kills what it holds, and removes the temporary folder.
//!
//! Linux could do it with PR_SET_PDEATHSIG; this works elsewhere too.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// `+ 12` is to be killed at the end, with its group, `- 12` no longer is: of one that was killed
/// before it could say `+` there is nothing to take out. Signals don't end it: Ctrl-C goes to it as
/// well. A killed process may still write for a moment.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
all=" "
while read -r sign pid; do
  case $sign in
    +) all="$all$pid " ;;
    -) case $all in *" $pid "*) all="${all%% $pid *} ${all#* $pid }" ;; esac ;;
  esac
done
for pid in $all; do kill -9 "-$pid" 2>/dev/null || kill -9 "$pid" 2>/dev/null; done
if [ -n "$2" ]; then
  for again in 1 2 3; do
    marked=$(grep -l -a -e "$2" /proc/[0-9]*/environ 2>/dev/null)
    [ -n "$marked" ] || break
    for file in $marked; do pid=${file#/proc/}; kill -9 "${pid%/environ}" 2>/dev/null; done
  done
fi
if [ -n "$1" ]; then
  rm -rf -- "$1" 2>/dev/null
  for again in 1 2 3 4 5; do
    [ -e "$1" ] || break
    sleep 0.2
    rm -rf -- "$1" 2>/dev/null
  done
fi
"#;

/// Runs a program whose number the shell knows before it starts. Its stdin is that pipe; the
/// program's is the file that is named first.
const REGISTERED: &str = r#"echo "+ $$" >&0; stdin=$1; shift; exec "$@" <"$stdin""#;

/// Dropping it ends what it watches, as the end of this program does.
pub struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// Watches from now on; in the end it removes `temporary`.
    ///
    /// # Errors
    ///
    /// When there is no `sh`, or no process can be made.
    pub fn start(temporary: Option<&Path>) -> io::Result<Self> {
        Self::run(temporary.unwrap_or(Path::new("")), "")
    }

    /// Watches, and in the end also kills every process with `mark` in its environment: so
    /// a child that has left its parent's group doesn't stay either (where there is `/proc`).
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn of_family(mark: &str, temporary: Option<&Path>) -> io::Result<Self> {
        Self::run(temporary.unwrap_or(Path::new("")), mark)
    }

    fn run(temporary: &Path, mark: &str) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "lab-watchdog"])
            .args([temporary.as_os_str(), mark.as_ref()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// The same program, but watched. It is in a process group of its own, and its stdin is empty.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptor for it.
    pub fn watched(&self, command: &Command) -> io::Result<Command> {
        self.watched_with(command, Path::new("/dev/null"))
    }

    /// The same with this file as its stdin.
    ///
    /// # Errors
    ///
    /// As [`Self::watched`].
    pub fn watched_with(&self, command: &Command, stdin: &Path) -> io::Result<Command> {
        let pipe = self.pipe.as_ref().ok_or(io::ErrorKind::BrokenPipe)?.as_fd().try_clone_to_owned()?;
        let mut watched = Command::new("sh");
        watched.args(["-c", REGISTERED, "sh"]).arg(stdin).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => watched.env(name, value),
                None => watched.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            watched.current_dir(folder);
        }
        // Ctrl-C goes to this program alone, which then ends the others in order.
        watched.stdin(pipe).process_group(0);
        Ok(watched)
    }

    /// It was waited for, and its number may be another program's from now on.
    pub fn is_over(&mut self, pid: u32) {
        if let Some(pipe) = &mut self.pipe {
            // Had somebody killed the shell, there would be nothing to be told.
            let _ = writeln!(pipe, "- {pid}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // This closes the pipe, and the shell ends.
        self.pipe = None;
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::process::ChildStdout;

    use super::*;

    /// A process that is watched by now. The end of its stdout says that it has gone.
    fn sleeper(watchdog: &Watchdog) -> (Child, BufReader<ChildStdout>) {
        let mut command = Command::new("sh");
        command.args(["-c", "echo up; exec sleep 30"]);
        let mut watched = watchdog.watched(&command).expect("a pipe");
        let mut sleeper = watched.stdout(Stdio::piped()).spawn().expect("sh starts");
        let mut stdout = BufReader::new(sleeper.stdout.take().expect("piped"));
        stdout.read_line(&mut String::new()).expect("a line");
        (sleeper, stdout)
    }

    #[test]
    fn the_watched_are_killed_and_the_folder_is_removed() {
        let folder = tempfile::TempDir::new().expect("a folder").keep();
        std::fs::write(folder.join("file"), "").expect("written");
        let watchdog = Watchdog::start(Some(&folder)).expect("sh starts");
        let (mut first, mut stdout) = sleeper(&watchdog);
        drop(watchdog);
        stdout.read_to_end(&mut Vec::new()).expect("the end");
        assert!(!first.wait().expect("it can be waited for").success());
        assert!(!folder.exists(), "{}", folder.display());
    }

    #[test]
    fn one_that_was_never_watched_changes_nothing() {
        let mut watchdog = Watchdog::start(None).expect("sh starts");
        let ((mut first, _), (mut second, _)) = (sleeper(&watchdog), sleeper(&watchdog));
        // Larger than any process's number. Were the list to grow by as much as it has, it would not end.
        (0..40).for_each(|number| watchdog.is_over(u32::MAX - number));
        drop(watchdog);
        for watched in [&mut first, &mut second] {
            assert!(!watched.wait().expect("it can be waited for").success());
        }
    }

    #[test]
    fn one_that_is_over_is_left_alone() {
        let mut watchdog = Watchdog::start(None).expect("sh starts");
        let ((mut first, _), (mut second, _)) = (sleeper(&watchdog), sleeper(&watchdog));
        watchdog.is_over(first.id());
        drop(watchdog);
        second.wait().expect("it can be waited for");
        assert!(first.try_wait().expect("it can be asked").is_none(), "it was killed");
        first.kill().expect("it runs");
        first.wait().expect("it can be waited for");
    }
}
