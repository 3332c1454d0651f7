//! TCP ping-pong: the least that a request and its answer can cost here.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(super) async fn run(listener: TcpListener, request: usize, response: usize) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let (mut question, answer) = (vec![0; request], vec![b'x'; response]);
            // An error is the end of the connection.
            while stream.read_exact(&mut question).await.is_ok() && stream.write_all(&answer).await.is_ok() {}
        });
    }
}
