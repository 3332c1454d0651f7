//! The verbs, as a command line.
//!
//! Ids and names go to the server as they were typed: it judges them, and a
//! client that judged too would be a second place to keep up to date. Only what
//! could not be sent at all, such as an equipment that has no name on the wire,
//! is wrong usage.
//!
//! A lab with a verb more puts `#[command(flatten)] Verb` into an enum of its
//! own; one with fewer takes the `…Args` that it needs.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use lab_orders::{Equipment, Status};

use crate::options::{parse_count, parse_page_size, parse_version};

/// What a client can ask for.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Ask whether the server works
    Health,
    /// Place an order
    Create(CreateArgs),
    /// Show an order
    Get(GetArgs),
    /// List the orders, from the first placed to the last
    List(ListArgs),
    /// Replace the equipment of an order that is QUEUED
    Update(UpdateArgs),
    /// Remove an order
    Delete(DeleteArgs),
    /// Print each change as it happens, until Ctrl-C
    Watch(WatchArgs),
    /// Place many orders: a JSON object {"created_by":…,"equipment":[…]} on each line
    Import(ImportArgs),
}

/// `create`
#[derive(Args, Clone, Debug)]
pub struct CreateArgs {
    /// Who places the order: 1 to 64 characters
    #[arg(long, value_name = "NAME")]
    pub created_by: String,
    /// What is ordered; once for each item, up to 20
    #[arg(long, required = true, ignore_case = true, value_name = "ITEM", value_parser = equipment())]
    pub equipment: Vec<Equipment>,
}

/// `get`
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// The order's id, a UUID
    pub id: String,
}

/// `list`
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only orders of this status
    #[arg(long, ignore_case = true, value_parser = status())]
    pub status: Option<Status>,
    /// How many orders to ask for at a time; all pages are printed. The server's own size when not given
    #[arg(long, value_name = "N", value_parser = parse_page_size, allow_negative_numbers = true)]
    pub page_size: Option<i32>,
}

/// `update`
#[derive(Args, Clone, Debug)]
pub struct UpdateArgs {
    /// The order's id, a UUID
    pub id: String,
    /// What is ordered instead; once for each item, up to 20
    #[arg(long, required = true, ignore_case = true, value_name = "ITEM", value_parser = equipment())]
    pub equipment: Vec<Equipment>,
    /// The version that is changed, as `get` shows it; any other is refused
    #[arg(long, value_name = "N", value_parser = parse_version)]
    pub version: u64,
}

/// `delete`
#[derive(Args, Clone, Debug)]
pub struct DeleteArgs {
    /// The order's id, a UUID
    pub id: String,
    /// Remove this version alone; without it, whatever version there is
    #[arg(long, value_name = "N", value_parser = parse_version)]
    pub version: Option<u64>,
}

/// `watch`
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// Go on after this position, from an earlier watch; 0 is the oldest change kept. Without it, from now on
    #[arg(long)]
    pub position: Option<String>,
    /// End after this many changes; without it, when told to
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub count: Option<u64>,
}

/// `import`
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
}

/// Upper case in `--help`, any case on the command line. The names are the domain's own.
fn equipment() -> impl TypedValueParser<Value = Equipment> {
    PossibleValuesParser::new(Equipment::ALL.map(Equipment::name))
        .try_map(|name| name.to_ascii_uppercase().parse::<Equipment>())
}

/// The names of an order's status, as [`equipment`].
pub fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::name)).try_map(|name| name.to_ascii_uppercase().parse::<Status>())
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::{OutputArgs, TimeoutArgs};

    const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

    #[derive(Debug, Parser)]
    #[command(name = "client")]
    struct Cli {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        timeout: TimeoutArgs,
        #[command(subcommand)]
        verb: MoreVerbs,
    }

    /// As the gRPC lab has it.
    #[derive(Debug, Subcommand)]
    enum MoreVerbs {
        #[command(flatten)]
        Verb(Verb),
        /// Work on orders
        Process,
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    fn verb(line: &str) -> Verb {
        match parse(line).map(|cli| cli.verb) {
            Ok(MoreVerbs::Verb(verb)) => verb,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(line: &str) -> ErrorKind {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        error.kind()
    }

    #[test]
    fn the_command_line_is_consistent_and_every_option_is_documented() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            assert!(verb.get_about().is_some(), "{} says nothing", verb.get_name());
            for arg in verb.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {} says nothing", verb.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn options_stand_before_or_after_the_verb() {
        for line in ["client --json --timeout 2.5 get x", "client get --timeout 2.5 x --json"] {
            let cli = parse(line).expect(line);
            assert!(cli.output.json, "{line}");
            assert_eq!(cli.timeout.timeout.as_millis(), 2_500, "{line}");
        }
        assert_eq!(parse("client health").expect("a verb").timeout.timeout.as_secs(), 10);
    }

    #[test]
    fn a_lab_may_have_more_verbs() {
        assert!(matches!(parse("client process").expect("a verb").verb, MoreVerbs::Process));
        assert!(matches!(verb("client health"), Verb::Health));
    }

    #[test]
    fn equipment_is_taken_in_any_case_in_order_and_with_repeats() {
        let Verb::Create(create) =
            verb("client create --created-by USER14 --equipment mouse --equipment KEYBOARD --equipment Mouse")
        else {
            panic!("not a create");
        };
        assert_eq!(create.created_by, "USER14");
        assert_eq!(create.equipment, [Equipment::Mouse, Equipment::Keyboard, Equipment::Mouse]);
    }

    #[test]
    fn what_has_no_name_on_the_wire_is_wrong_usage() {
        for line in [
            "client create --created-by X --equipment PHONE",
            "client create --created-by X --equipment MOUSE,KEYBOARD",
            "client create --created-by X --equipment EQUIPMENT_UNSPECIFIED",
            "client list --status DONE",
        ] {
            assert_eq!(refused(line), ErrorKind::InvalidValue, "{line}");
        }
    }

    #[test]
    fn what_a_verb_needs_must_be_given() {
        for line in [
            "client create --equipment MOUSE",
            "client create --created-by X",
            "client get",
            "client update x --equipment MOUSE",
            "client update x --version 1",
            "client delete",
            "client import",
        ] {
            assert_eq!(refused(line), ErrorKind::MissingRequiredArgument, "{line}");
        }
    }

    #[test]
    fn what_the_server_judges_goes_through_as_it_is() {
        let create = Cli::try_parse_from(["client", "create", "--created-by", "", "--equipment", "MOUSE"]);
        assert!(
            matches!(create.expect("empty").verb, MoreVerbs::Verb(Verb::Create(create)) if create.created_by.is_empty())
        );
        assert!(matches!(verb("client get nonsense"), Verb::Get(get) if get.id == "nonsense"));
        assert!(matches!(verb("client list --page-size -1"), Verb::List(list) if list.page_size == Some(-1)));
        assert!(
            matches!(verb("client watch --position x"), Verb::Watch(watch) if watch.position.as_deref() == Some("x"))
        );
    }

    #[test]
    fn versions_are_numbers_and_a_deletion_may_do_without() {
        let update = verb(&format!("client update {ID} --equipment WEBCAM --version 3"));
        assert!(matches!(update, Verb::Update(update) if update.id == ID && update.version == 3));
        assert!(matches!(verb("client delete x --version 2"), Verb::Delete(delete) if delete.version == Some(2)));
        assert!(matches!(verb("client delete x"), Verb::Delete(delete) if delete.version.is_none()));
        assert_eq!(refused("client delete x --version two"), ErrorKind::ValueValidation);
    }

    #[test]
    fn a_watch_of_no_changes_is_wrong_usage() {
        assert!(matches!(verb("client watch --count 1"), Verb::Watch(watch) if watch.count == Some(1)));
        assert_eq!(refused("client watch --count 0"), ErrorKind::ValueValidation);
    }

    #[test]
    fn an_import_reads_a_file_or_standard_input() {
        for file in ["orders.ndjson", "-"] {
            assert!(
                matches!(verb(&format!("client import {file}")), Verb::Import(import) if import.file.as_os_str() == file)
            );
        }
    }
}
