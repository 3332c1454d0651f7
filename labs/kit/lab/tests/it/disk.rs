//! A disk that becomes full, and has room again.

use std::collections::HashMap;
use std::time::Duration;

use rstest::rstest;

use crate::client::{Client, Refused};
use crate::mounts::with_mounts;
use crate::support::{Lab, Server, folder, until};

const SMALL_DISK: &str = r#"mount -t tmpfs -o size=1m tmpfs "$folder" && head -c 400000 /dev/zero > "$folder/ballast""#;

/// Creates until the disk has been full 20 times in a row; what was acknowledged.
async fn fill(client: &Client) -> HashMap<String, i64> {
    let (mut acknowledged, mut refused_in_a_row) = (HashMap::new(), 0);
    while refused_in_a_row < 20 {
        match client.create().await {
            Ok(order) => {
                acknowledged.insert(order.id, order.version);
                refused_in_a_row = 0;
            }
            Err(Refused::Unavailable { retry_after, text }) => {
                assert_eq!(retry_after, Some(Duration::from_secs(1)), "{text}");
                assert!(text.contains("the disk is full"), "{text}");
                refused_in_a_row += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    acknowledged
}

#[rstest]
#[tokio::test]
async fn a_full_disk_refuses_changes_until_there_is_room(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    let server = Server::under(&with_mounts(SMALL_DISK, folder.path()), lab, &folder.path().join("orders.db")).await;
    let client = Client::of(&server);
    let mut acknowledged = fill(&client).await;
    println!("{lab:?}: the disk is full after {} orders", acknowledged.len());

    let (id, version) = acknowledged.iter().next().expect("some had room");
    assert_eq!(client.get(id).await.expect("reads go on").version, *version);
    assert_eq!(client.list(None).await.expect("reads go on"), acknowledged);

    // The mount is the server's own; this is the way to it.
    let ballast = format!("/proc/{}/root{}/ballast", server.pid(), folder.path().display());
    std::fs::remove_file(ballast).expect("the ballast");
    for _ in 0..20 {
        // A client that comes back when it is told to.
        let order = until("room", || async { client.create().await.ok() }).await;
        acknowledged.insert(order.id, order.version);
    }
    assert_eq!(client.list(None).await.expect("an answer"), acknowledged);
    server.stop().await.expect(0);
}
