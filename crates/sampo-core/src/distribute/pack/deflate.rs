//! Deflate on several threads. The input is cut into blocks of one size, each compressed with the end of the one before
//! it as its dictionary, so that the result depends on the input alone and never on the number of threads.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// How much is compressed at a time. Part of what an archive's bytes are, like the level.
const BLOCK: usize = 256 * 1024;
/// How far back a match may reach in this format.
const WINDOW: usize = 32 * 1024;
const LEVEL: u32 = 6;
/// Blocks that may be under way for each thread: one in work, one waiting.
const BLOCKS_PER_THREAD: usize = 2;

/// The threads that compress, for one stream after the other. They end with their last owner.
#[derive(Clone)]
pub(super) struct Threads {
    jobs: Sender<Job>,
    count: usize,
}

/// Writes what is written to it as one raw deflate stream.
pub(super) struct Deflate<W> {
    output: W,
    block: Vec<u8>,
    dictionary: Vec<u8>,
    threads: Threads,
    /// What was handed out, in order.
    pending: VecDeque<Receiver<io::Result<Deflated>>>,
    sums: Sums,
}

/// What the formats around a deflate stream say about it.
#[derive(Default)]
pub(super) struct Sums {
    /// Of the input.
    pub crc: Crc,
    /// The length of the input.
    pub input: u64,
    /// The length of the stream.
    pub output: u64,
}

struct Job {
    block: Vec<u8>,
    dictionary: Vec<u8>,
    is_last: bool,
    done: SyncSender<io::Result<Deflated>>,
}

struct Deflated {
    bytes: Vec<u8>,
    crc: Crc,
}

impl Threads {
    /// So many, which wait for something to do.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..count.get() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("deflate".into()).spawn(move || work(&jobs))?;
        }
        Ok(Self { jobs: sender, count: count.get() })
    }
}

impl<W: Write> Deflate<W> {
    /// A stream into `output` that is made by `threads`.
    pub fn new(output: W, threads: Threads) -> Self {
        Self {
            output,
            block: Vec::with_capacity(BLOCK),
            dictionary: Vec::new(),
            threads,
            pending: VecDeque::new(),
            sums: Sums::default(),
        }
    }

    /// Ends the stream.
    pub fn finish(mut self) -> io::Result<(W, Sums)> {
        self.hand_out(true)?;
        while !self.pending.is_empty() {
            self.take_in()?;
        }
        Ok((self.output, self.sums))
    }

    fn hand_out(&mut self, is_last: bool) -> io::Result<()> {
        if self.pending.len() == self.threads.count * BLOCKS_PER_THREAD {
            self.take_in()?;
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let next = block[block.len().saturating_sub(WINDOW)..].to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, next);
        self.sums.input += block.len() as u64;
        let (done, result) = mpsc::sync_channel(1);
        self.pending.push_back(result);
        self.threads.jobs.send(Job { block, dictionary, is_last, done }).map_err(|_| lost())
    }

    fn take_in(&mut self) -> io::Result<()> {
        let Some(result) = self.pending.pop_front() else { return Ok(()) };
        let Deflated { bytes, crc } = result.recv().map_err(|_| lost())??;
        self.sums.crc.combine(&crc);
        self.sums.output += bytes.len() as u64;
        self.output.write_all(&bytes)
    }
}

impl<W: Write> Write for Deflate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only now, since a block that is followed by nothing is the last one.
        if self.block.len() == BLOCK {
            self.hand_out(false)?;
        }
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Passes on what is done; where blocks end depends on the input alone.
    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// One thread: compresses blocks until there are no more.
fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Whoever waited for it may have given up.
        let _ = job.done.send(job.run());
    }
}

impl Job {
    fn run(&self) -> io::Result<Deflated> {
        // A compressor that is reset and used again remembers enough of its last block to find other matches: which
        // thread had which block would show in the bytes.
        let mut compress = Compress::new(Compression::new(LEVEL), false);
        if !self.dictionary.is_empty() {
            compress.set_dictionary(&self.dictionary)?;
        }
        let flush = if self.is_last { FlushCompress::Finish } else { FlushCompress::Sync };
        let mut bytes = Vec::with_capacity(self.block.len() / 2 + 64);
        loop {
            let read = usize::try_from(compress.total_in()).map_err(io::Error::other)?;
            let status = compress.compress_vec(&self.block[read..], &mut bytes, flush)?;
            let has_room = bytes.len() < bytes.capacity();
            if status == Status::StreamEnd || (!self.is_last && has_room) {
                let mut crc = Crc::new();
                crc.update(&self.block);
                return Ok(Deflated { bytes, crc });
            }
            bytes.reserve(BLOCK / 4);
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("a thread that compresses has ended")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use super::*;

    /// Text that repeats itself within a window, noise, and zeros.
    fn input(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|at| if at / 5000 % 3 == 0 { noise() } else { (at / 7 % 200) as u8 }).collect()
    }

    fn deflated(input: &[u8], threads: usize, chunk: usize) -> (Vec<u8>, Sums) {
        let threads = Threads::start(NonZeroUsize::new(threads).unwrap()).unwrap();
        let mut deflate = Deflate::new(Vec::new(), threads);
        for piece in input.chunks(chunk) {
            deflate.write_all(piece).unwrap();
        }
        deflate.finish().unwrap()
    }

    #[test]
    fn any_length_comes_back_as_it_was() {
        for length in [0, 1, WINDOW, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 17] {
            let input = input(length);
            let (bytes, sums) = deflated(&input, 3, 100_000);
            let mut output = Vec::new();
            flate2::read::DeflateDecoder::new(&bytes[..]).read_to_end(&mut output).unwrap();
            assert!(output == input, "{length}");
            let mut crc = Crc::new();
            crc.update(&input);
            assert_eq!((sums.crc.sum(), sums.input, sums.output), (crc.sum(), length as u64, bytes.len() as u64));
        }
    }

    #[test]
    fn neither_the_number_of_threads_nor_the_size_of_writes_changes_a_byte() {
        let input = input(7 * BLOCK + 1);
        let expected = deflated(&input, 1, input.len()).0;
        for (threads, chunk) in [(2, 8192), (3, BLOCK), (8, 65_537), (64, 1_000_000)] {
            assert!(deflated(&input, threads, chunk).0 == expected, "{threads} {chunk}");
        }
    }

    #[test]
    fn the_bytes_of_a_real_program_do_not_tell_which_thread_had_which_block() {
        let mut file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let length = file.metadata().unwrap().len();
        for part in 0..8 {
            let mut program = Vec::new();
            file.seek(SeekFrom::Start(length / 8 * part)).unwrap();
            (&mut file).take(8 * BLOCK as u64).read_to_end(&mut program).unwrap();
            let expected = deflated(&program, 1, BLOCK).0;
            for threads in [2, 3, 8] {
                assert!(deflated(&program, threads, 8192).0 == expected, "{part} {threads}");
            }
        }
    }

    #[test]
    fn blocks_cost_next_to_nothing() {
        let input = input(8 * BLOCK);
        let mut whole = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
        whole.write_all(&input).unwrap();
        let (whole, blocks) = (whole.finish().unwrap().len(), deflated(&input, 2, BLOCK).0.len());
        assert!(blocks * 1000 <= whole * 1005, "{blocks} {whole}");
    }
}
