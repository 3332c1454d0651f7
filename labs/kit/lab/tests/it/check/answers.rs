//! Servers that answer as none should.

use rstest::rstest;

use super::World;

#[rstest]
#[case::garbage("c.sendall(bytes(range(256)) * 20)", "can't be read as HTTP")]
#[case::a_line_without_an_end("c.sendall(b'HTTP/1.1 200 OK\\r\\nx: ')\nwhile 1: c.sendall(b'a' * 65536)", "HTTP")]
#[case::headers_without_an_end(
    "c.sendall(b'HTTP/1.1 200 OK\\r\\n')\nwhile 1: c.sendall(b'x: y\\r\\n' * 1000)",
    "message head is too large"
)]
#[case::a_body_without_an_end(
    "c.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n')\nwhile 1: c.sendall(b' ' * 65536)",
    "more than 1 MiB"
)]
#[case::go_on_for_ever("while 1: c.sendall(b'HTTP/1.1 100 Continue\\r\\n\\r\\n' * 1000)", "more than 4 MiB came")]
#[case::a_byte_a_second(
    "for b in b'HTTP/1.1 200 OK\\r\\n\\r\\n': c.send(bytes([b])); time.sleep(1)",
    "no whole answer within 5 s"
)]
#[case::go_on_now_and_then(
    "while 1: c.sendall(b'HTTP/1.1 100 Continue\\r\\n\\r\\n'); time.sleep(.1)",
    "no whole answer within 5 s"
)]
#[case::nothing("time.sleep(60)", "no whole answer within 5 s")]
#[case::less_than_announced(
    "c.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 99999999999\\r\\n\\r\\n{}'); time.sleep(60)",
    "no whole answer within 5 s"
)]
#[case::closed_at_once("pass", "closed before the answer was whole")]
#[case::half("c.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 9\\r\\n\\r\\n{}')", "ends too early")]
#[case::the_program_ends("os._exit(3)", "the program ended, with exit code 3")]
#[case::the_program_is_killed("os.kill(os.getpid(), 11)", "SIGSEGV")]
#[tokio::test]
async fn an_answer_that_is_none_is_told_as_what_it_is(#[case] statements: &str, #[case] words: &str) {
    let world = World::new();
    world.write("statements", statements);
    world.check("{raw} \"$(cat {here}/statements)\"").await.came_back(words);
}

#[tokio::test]
async fn a_screen_shows_the_begin_and_the_end_of_a_long_answer_and_obeys_none_of_it() {
    let world = World::new();
    world.write("statements", "c.sendall(b'HTTP/1.1 200 OK\\r\\nx: \\x1b[2J' + b'a' * 300000)");
    let line = world.line("{raw} \"$(cat {here}/statements)\"");
    let words = ["check", "rest/01", "--program", &line];
    let output = crate::support::Process::spawn(crate::support::lab_words(world.path(), &words)).end().await.expect(1);
    assert!(output.stdout.lines().count() < 60, "{}", output.stdout);
    assert!(output.stdout.contains("more lines"), "{}", output.stdout);
    assert!(output.stdout.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{}", output.stdout);
    assert!(!output.stdout.contains('\x1b'), "{:?}", output.stdout);
}
