//! What the Kafka lab promises, and that each promise can be broken.
//!
//! A promise is tested with its control: the same harness with one knob turned, the
//! programs' own `--break` (or a copy, or the fault left out), which must count above zero.
//! Both counts are printed.
//!
//! | promise                                     | file          | embedded broker |
//! |---------------------------------------------|---------------|-----------------|
//! | a killed consumer loses and doubles nothing | `kills`       | yes |
//! | a producer says the truth about its records | `deliveries`  | no: it lives in this process, which can't freeze or kill itself |
//! | what was read is delivered or named         | `stops`       | no: nor can it be frozen here, and it trims 50,000 records |
//! | poison and a locked database stop nobody    | `poison`      | yes |
//! | rebalances lose and double nothing          | `rebalances`  | yes |
//! | one of three brokers may die                | `cluster`     | no: there is one |
//! | a stop doesn't wait for who is silent       | `frozen`      | a locked database only |
//! | a backlog takes no memory                   | `memory`      | no: it trims what this needs |
//! | topics and brokers with other settings      | `settings`    | no: it has no settings |
//! | an open transaction hides nothing for long  | `transactions`| no: it fakes them |
//! | a tap on the wire shows what passes         | `tap`         | yes, in its own crate |
//! | facts outlive their topic                   | `removed`     | there a topic stays; another comes to stand for it |
//!
//! Apache Kafka needs Java, and Maven once; without them these tests fail, in a sentence:
//! `cargo test -p lab --test it -- --ignored --nocapture promises`.
//! `--skip control_` leaves out the controls: most run on the embedded broker as well, each time.
//! That is the short form. The full one, 50,000 requests and 50 kills among them:
//! `LAB_PROMISES=full cargo test -p lab --test it -- --include-ignored --nocapture promises`.

mod apache;
mod cluster;
mod deliveries;
mod frozen;
mod imports;
mod kills;
mod ledger;
mod locks;
mod memory;
mod poison;
mod rebalances;
mod relay;
mod removed;
mod requests;
mod settings;
mod stops;
mod tap;
mod transactions;
