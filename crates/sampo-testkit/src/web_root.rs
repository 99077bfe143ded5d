//! A web server on this machine that hands out files, and can be told to fail.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// How one answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebFault {
    /// This status, and nothing else.
    Status(u16),
    /// The first half of the file; then the connection is closed.
    Truncated,
}

/// Files by their path, which begins with a slash.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A running server.
pub struct WebRoot {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    files: Files,
    log: Mutex<Log>,
    ended: AtomicBool,
}

#[derive(Default)]
struct Log {
    requests: Vec<String>,
    /// The end of a path, and how the next answer to it goes wrong.
    faults: VecDeque<(String, WebFault)>,
}

impl WebRoot {
    /// Serves these files.
    pub fn start(files: Files) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { files, log: Mutex::default(), ended: AtomicBool::new(false) });
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, &serving));
        Self { address, shared, thread: Some(thread) }
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes the next answer to a path that ends in `path` go wrong; calls add up.
    pub fn fail_next(&self, path: &str, fault: WebFault) -> &Self {
        self.shared.log().faults.push_back((path.to_owned(), fault));
        self
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.shared.log().requests.clone()
    }
}

impl Drop for WebRoot {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the request; how its answer goes wrong, if it was told to.
    fn note(&self, path: &str) -> Option<WebFault> {
        let mut log = self.log();
        log.requests.push(path.to_owned());
        let index = log.faults.iter().position(|(end, _)| path.ends_with(end.as_str()))?;
        log.faults.remove(index).map(|(_, fault)| fault)
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A client that goes away in the middle is none of our concern.
        std::thread::spawn(move || answer(&stream, &shared).ok());
    }
}

/// Answers one request, and closes the connection.
fn answer(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let fault = shared.note(path);
    let (status, body) = match (fault, shared.files.get(path)) {
        (Some(WebFault::Status(status)), _) => (status, &[][..]),
        (_, Some(body)) => (200, body.as_slice()),
        (_, None) => (404, &[][..]),
    };
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    let sent = if fault == Some(WebFault::Truncated) { body.len() / 2 } else { body.len() };
    stream.write_all(&body[..sent])
}
