//! Proxy in front of a server that reads the statements of all sessions, and stops a session at one of them.
//!
//! A stopped session gets nothing from the other side until it is released, which closes it. Before a statement, the server has
//! not received it; after a statement, the server has carried it out and the client does not know it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{oneshot, watch},
    task::AbortHandle,
};

use super::statement_kind::kinds;

/// Codes of a startup packet that ask for TLS and for GSS encryption.
const ENCRYPTION: [i32; 2] = [80_877_103, 80_877_104];
/// Code of a startup packet that cancels a statement.
const CANCEL: i32 = 80_877_102;
/// Setting that all sessions of EoD begin with. Those of `pg_restore` do not have it.
const OWN_SESSION: &str = "eod.session";

/// Place of a stop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Moment {
    /// The server has not received the statement.
    Before,
    /// The server has carried out the statement, and the client does not know it.
    After,
}

/// Statement that was sent.
#[derive(Clone, Debug)]
pub(super) struct SentStatement {
    /// Kinds of its parts.
    pub(super) kinds: Vec<String>,
    /// True if a session of EoD has sent it, and not `pg_restore`.
    pub(super) is_own: bool,
}

/// A running proxy. When it is dropped, it closes all sessions.
pub(super) struct StatementProxy {
    /// Port on 127.0.0.1.
    pub(super) port: u16,
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    server: u16,
    sent: Mutex<Vec<SentStatement>>,
    trap: Mutex<Option<Trap>>,
    /// Number of releases.
    released: watch::Sender<usize>,
}

/// Kind of statement at which the next session stops.
struct Trap {
    kind: String,
    moment: Moment,
    /// Gets the process of the server.
    stopped: oneshot::Sender<i32>,
}

/// Both directions of a session.
struct Session {
    shared: Arc<Shared>,
    is_own: bool,
    /// Process of the server.
    process: watch::Sender<i32>,
    /// Set after the server has received the statement of a trap. The end of the statement stops the session.
    trap: Mutex<Option<oneshot::Sender<i32>>>,
    /// Texts of prepared statements and of portals, by their names.
    prepared: Mutex<BTreeMap<(char, String), String>>,
}

/// A message of the protocol.
struct Message {
    kind: char,
    body: Vec<u8>,
}

impl StatementProxy {
    /// A proxy in front of a port of 127.0.0.1.
    pub(super) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (released, _) = watch::channel(0);
        let shared = Arc::new(Shared { server, sent: Mutex::default(), trap: Mutex::default(), released });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // Either side may close its connection at any time.
                tokio::spawn(async move { drop(serve(client, shared).await) });
            }
        });
        Self { port, shared, task: task.abort_handle() }
    }

    /// Statements that were sent since the last call.
    pub(super) fn take_sent(&self) -> Vec<SentStatement> {
        std::mem::take(&mut self.shared.sent.lock().unwrap())
    }

    /// Stops the next session that sends a statement of a kind. The result is the process of the server.
    pub(super) fn stop_at(&self, kind: &str, moment: Moment) -> oneshot::Receiver<i32> {
        let (stopped, receiver) = oneshot::channel();
        *self.shared.trap.lock().unwrap() = Some(Trap { kind: kind.to_owned(), moment, stopped });
        receiver
    }

    /// Closes the stopped session.
    pub(super) fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }
}

impl Drop for StatementProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards one session until one side closes it.
async fn serve(mut client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let startup = loop {
        let packet = read_startup(&mut client).await?;
        match code(&packet) {
            code if ENCRYPTION.contains(&code) => client.write_all(b"N").await?,
            _ => break packet,
        }
    };
    let mut server = TcpStream::connect(("127.0.0.1", shared.server)).await?;
    server.write_all(&startup).await?;
    if code(&startup) == CANCEL {
        return Ok(());
    }
    let is_own = String::from_utf8_lossy(&startup).contains(OWN_SESSION);
    let mut released = shared.released.subscribe();
    let before = *released.borrow_and_update();
    let session =
        Session { shared, is_own, process: watch::channel(0).0, trap: Mutex::default(), prepared: Mutex::default() };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let is_stopped = tokio::select! {
        stopped = session.forward_client(&mut from_client, &mut to_server) => stopped?,
        stopped = session.forward_server(&mut from_server, &mut to_client) => stopped?,
    };
    if is_stopped {
        // Both connections stay open until then.
        drop(released.wait_for(|count| *count > before).await);
    }
    Ok(())
}

impl Session {
    /// Forwards messages of the client. True if the session is to be stopped.
    async fn forward_client(&self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<bool> {
        loop {
            let message = Message::read(from).await?;
            if let Some(text) = self.statement(&message) {
                let kinds = kinds(&text, self.is_own);
                let trap = self.shared.trapped(&kinds);
                if !kinds.is_empty() {
                    self.shared.sent.lock().unwrap().push(SentStatement { kinds, is_own: self.is_own });
                }
                match trap {
                    Some(Trap { moment: Moment::Before, stopped, .. }) => return self.stop(stopped).await,
                    Some(Trap { moment: Moment::After, stopped, .. }) => *self.trap.lock().unwrap() = Some(stopped),
                    None => {}
                }
            }
            message.write(to).await?;
        }
    }

    /// Forwards messages of the server. True if the session is to be stopped.
    async fn forward_server(&self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<bool> {
        loop {
            let message = Message::read(from).await?;
            if message.kind == 'K' {
                let process = message.body.first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes));
                self.process.send_replace(process);
            }
            if self.trap.lock().unwrap().is_some() {
                // Ready, or copying begins: the statement is done.
                if matches!(message.kind, 'Z' | 'G' | 'H') {
                    let stopped = self.trap.lock().unwrap().take().unwrap();
                    return self.stop(stopped).await;
                }
                continue;
            }
            message.write(to).await?;
        }
    }

    async fn stop(&self, stopped: oneshot::Sender<i32>) -> io::Result<bool> {
        let process = *self.process.subscribe().wait_for(|process| *process != 0).await.unwrap();
        // The test waits for it, or has failed.
        let _ = stopped.send(process);
        Ok(true)
    }

    /// Text of the statement that a message runs.
    fn statement(&self, message: &Message) -> Option<String> {
        let mut texts = message.body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        let mut next = || texts.next().unwrap_or_default();
        let mut prepared = self.prepared.lock().unwrap();
        match message.kind {
            'Q' => Some(next()),
            'P' => {
                let (name, text) = (next(), next());
                prepared.insert(('S', name), text);
                None
            }
            'B' => {
                let (portal, name) = (next(), next());
                let text = prepared.get(&('S', name)).cloned().unwrap_or_default();
                prepared.insert(('P', portal), text);
                None
            }
            'E' => prepared.get(&('P', next())).cloned(),
            // The end of the rows of COPY.
            'c' => Some("COPY DONE".to_owned()),
            _ => None,
        }
    }
}

impl Shared {
    /// Takes the trap if it is for one of the kinds.
    fn trapped(&self, kinds: &[String]) -> Option<Trap> {
        let mut trap = self.trap.lock().unwrap();
        if trap.as_ref().is_some_and(|trap| kinds.contains(&trap.kind)) { trap.take() } else { None }
    }
}

impl Message {
    async fn read(from: &mut OwnedReadHalf) -> io::Result<Self> {
        let kind = char::from(from.read_u8().await?);
        let length = usize::try_from(from.read_i32().await?).map_err(io::Error::other)?;
        let mut body = vec![0; length.saturating_sub(4)];
        from.read_exact(&mut body).await?;
        Ok(Self { kind, body })
    }

    async fn write(&self, to: &mut OwnedWriteHalf) -> io::Result<()> {
        let length = i32::try_from(self.body.len() + 4).map_err(io::Error::other)?;
        let mut bytes = vec![u8::try_from(self.kind).unwrap()];
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.body);
        to.write_all(&bytes).await
    }
}

/// First packet of a connection, with its length.
async fn read_startup(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut packet = from.read_i32().await?.to_be_bytes().to_vec();
    let length = usize::try_from(i32::from_be_bytes([packet[0], packet[1], packet[2], packet[3]])).unwrap_or(0);
    packet.resize(length.max(8), 0);
    from.read_exact(&mut packet[4..]).await?;
    Ok(packet)
}

fn code(packet: &[u8]) -> i32 {
    packet.get(4..8).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| i32::from_be_bytes(*bytes))
}
