//! The checker, checked: `cargo run -p lab-check --bin matrix`.

use std::process::ExitCode;

use clap::Parser;
use lab_check::MatrixArgs;
use lab_console::Failure;

/// Every starter fails, every solution passes, every wrong program fails where it must
#[derive(Debug, Parser)]
#[command(max_term_width = 80)]
struct Cli {
    #[command(flatten)]
    args: MatrixArgs,
}

fn main() -> ExitCode {
    let cli: Cli = lab_console::parse();
    let json = cli.args.output.json;
    let done = lab_lifecycle::run(lab_check::matrix(cli.args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
