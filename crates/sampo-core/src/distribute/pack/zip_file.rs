//! Zip files, written from front to back: what each entry came to follows its data, which is deflated on several
//! threads.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

use chrono::{DateTime, Datelike, Timelike};

use super::deflate::{Deflate, Sums, Threads};

/// From here on a size or an offset is told by the extension for large files ("zip64"). Deflate may add a little to
/// what it cannot compress, which then must still fit.
const LARGE: u64 = 0xf000_0000;
/// What a field of 32 bits says if the extension tells the value.
const ELSEWHERE: u32 = u32::MAX;
/// The same for a field of 16 bits.
const ELSEWHERE_SHORT: u16 = u16::MAX;
/// The version of the format that a reader must know, without the extension and with it.
const PLAIN_VERSION: u16 = 20;
const LARGE_VERSION: u16 = 45;
/// The extension's id.
const EXTENSION: u16 = 1;
/// "Made on Unix": modes stand in the upper half of the attributes.
const UNIX: u16 = 3 << 8;
const REGULAR_FILE: u32 = 0o100_000;
const DEFLATED: u16 = 8;
/// Midnight of the first day that the format can say, 1980-01-01.
const FIRST: (u16, u16) = (0, (1 << 5) | 1);
/// Sizes follow the data; names are UTF-8.
const FLAGS: u16 = (1 << 3) | (1 << 11);

/// A zip file being written.
pub(super) struct ZipFile<W> {
    output: W,
    threads: Threads,
    /// Bytes written so far.
    length: u64,
    /// The directory that comes at the end.
    directory: Vec<u8>,
    entries: u64,
}

/// What is to be known of a file before its data.
pub(super) struct Entry {
    /// Its path.
    pub name: String,
    /// Its permissions.
    pub mode: u32,
    /// Seconds since 1970-01-01 UTC.
    pub time: i64,
    /// How long it is.
    pub length: u64,
}

impl<W: Write> ZipFile<W> {
    /// A file into `output` that is compressed by so many threads.
    pub fn new(output: W, threads: NonZeroUsize) -> io::Result<Self> {
        Ok(Self { output, threads: Threads::start(threads)?, length: 0, directory: Vec::new(), entries: 0 })
    }

    /// Adds a file with what `input` holds.
    pub fn add(&mut self, entry: &Entry, input: &mut impl Read) -> io::Result<()> {
        let start = self.length;
        self.put(&entry.local_header()?)?;
        let mut deflate = Deflate::new(&mut self.output, self.threads.clone());
        io::copy(input, &mut deflate)?;
        let (_, sums) = deflate.finish()?;
        self.length += sums.output;
        self.put(&entry.descriptor(&sums))?;
        self.directory.extend(entry.directory_entry(&sums, start)?);
        self.entries += 1;
        Ok(())
    }

    /// Ends the file with its directory.
    pub fn finish(mut self) -> io::Result<W> {
        let (start, directory) = (self.length, std::mem::take(&mut self.directory));
        self.put(&directory)?;
        let size = directory.len() as u64;
        let is_large = start + size >= LARGE || self.entries >= u64::from(ELSEWHERE_SHORT);
        let mut end = Vec::new();
        if is_large {
            let record = self.length;
            end.put(0x0606_4b50_u32).put(44_u64).put(UNIX | LARGE_VERSION).put(LARGE_VERSION).put(0_u32).put(0_u32);
            end.put(self.entries).put(self.entries).put(size).put(start);
            end.put(0x0706_4b50_u32).put(0_u32).put(record).put(1_u32);
        }
        let entries = if is_large { ELSEWHERE_SHORT } else { short(self.entries)? };
        end.put(0x0605_4b50_u32).put(0_u16).put(0_u16).put(entries).put(entries);
        end.put(field(size, is_large)?).put(field(start, is_large)?).put(0_u16);
        self.put(&end)?;
        Ok(self.output)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.output.write_all(bytes)
    }
}

impl Entry {
    fn is_large(&self) -> bool {
        self.length >= LARGE
    }

    fn version(&self) -> u16 {
        if self.is_large() { LARGE_VERSION } else { PLAIN_VERSION }
    }

    fn local_header(&self) -> io::Result<Vec<u8>> {
        let mut header = Vec::new();
        let size = if self.is_large() { ELSEWHERE } else { 0 };
        header.put(0x0403_4b50_u32);
        self.put_common(&mut header).put(0_u32).put(size).put(size).put(short(self.name.len() as u64)?);
        // In front of the data, the extension only says that sizes behind them have 64 bits.
        header.put(if self.is_large() { 20_u16 } else { 0 }).extend(self.name.as_bytes());
        if self.is_large() {
            header.put(EXTENSION).put(16_u16).put(0_u64).put(0_u64);
        }
        Ok(header)
    }

    fn descriptor(&self, sums: &Sums) -> Vec<u8> {
        let mut descriptor = Vec::new();
        descriptor.put(0x0807_4b50_u32).put(sums.crc.sum());
        for size in [sums.output, sums.input] {
            let bytes = size.to_le_bytes();
            descriptor.extend(if self.is_large() { &bytes[..] } else { &bytes[..4] });
        }
        descriptor
    }

    fn directory_entry(&self, sums: &Sums, start: u64) -> io::Result<Vec<u8>> {
        let mut extension = Vec::new();
        for value in [(self.is_large(), sums.input), (self.is_large(), sums.output), (start >= LARGE, start)] {
            if value.0 {
                extension.put(value.1);
            }
        }
        let mut entry = Vec::new();
        entry.put(0x0201_4b50_u32).put(UNIX | self.version());
        self.put_common(&mut entry).put(sums.crc.sum());
        entry.put(field(sums.output, self.is_large())?).put(field(sums.input, self.is_large())?);
        let extra = if extension.is_empty() { 0 } else { extension.len() as u64 + 4 };
        entry.put(short(self.name.len() as u64)?).put(short(extra)?).put(0_u16).put(0_u16).put(0_u16);
        entry.put((REGULAR_FILE | self.mode) << 16).put(field(start, start >= LARGE)?).extend(self.name.as_bytes());
        if !extension.is_empty() {
            entry.put(EXTENSION).put(short(extension.len() as u64)?).extend(extension);
        }
        Ok(entry)
    }

    /// What stands in both headers.
    fn put_common<'a>(&self, header: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
        let (time, date) = dos_time(self.time);
        header.put(self.version()).put(FLAGS).put(DEFLATED).put(time).put(date)
    }
}

/// Numbers as the format wants them, the lowest byte first.
trait Put {
    fn put(&mut self, number: impl Number) -> &mut Self;
}

impl Put for Vec<u8> {
    fn put(&mut self, number: impl Number) -> &mut Self {
        self.extend(number.bytes());
        self
    }
}

trait Number {
    fn bytes(self) -> impl IntoIterator<Item = u8>;
}

impl Number for u16 {
    fn bytes(self) -> impl IntoIterator<Item = u8> {
        self.to_le_bytes()
    }
}

impl Number for u32 {
    fn bytes(self) -> impl IntoIterator<Item = u8> {
        self.to_le_bytes()
    }
}

impl Number for u64 {
    fn bytes(self) -> impl IntoIterator<Item = u8> {
        self.to_le_bytes()
    }
}

fn field(value: u64, is_elsewhere: bool) -> io::Result<u32> {
    if is_elsewhere { Ok(ELSEWHERE) } else { u32::try_from(value).map_err(io::Error::other) }
}

fn short(value: u64) -> io::Result<u16> {
    u16::try_from(value).map_err(io::Error::other)
}

/// Time and date in UTC, as far as the format can say them: from 1980 to 2107, in steps of two seconds.
fn dos_time(time: i64) -> (u16, u16) {
    let utc = DateTime::from_timestamp(time, 0).unwrap_or_default();
    let part = |value: u32| u16::try_from(value).unwrap_or_default();
    match u16::try_from(utc.year()) {
        Ok(year @ 1980..=2107) => (
            (part(utc.hour()) << 11) | (part(utc.minute()) << 5) | (part(utc.second()) / 2),
            ((year - 1980) << 9) | (part(utc.month()) << 5) | part(utc.day()),
        ),
        _ => FIRST,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Files of which each claims a length, after so much else.
    fn written(lengths: &[u64], contents: &[u8], before: (u64, u64)) -> Vec<u8> {
        let mut file = ZipFile::new(Vec::new(), NonZeroUsize::MIN).unwrap();
        (file.length, file.entries) = before;
        for (index, length) in lengths.iter().enumerate() {
            let entry = Entry { name: format!("ü/{index}"), mode: 0o755, time: 1_767_323_045, length: *length };
            file.add(&entry, &mut &*contents).unwrap();
        }
        file.finish().unwrap()
    }

    #[test]
    fn files_of_any_size_are_found_with_their_contents() {
        // A file that claims to be large takes the extension, whatever it holds.
        let bytes = written(&[5, 1 << 33, 5], b"hello", (0, 0));
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(zip.len(), 3);
        for index in 0..3 {
            let mut file = zip.by_index(index).unwrap();
            let mut contents = String::new();
            file.read_to_string(&mut contents).unwrap();
            assert_eq!((file.name().unwrap(), file.size(), &*contents), (format!("ü/{index}").into(), 5, "hello"));
            assert_eq!(file.unix_mode(), Some(0o100_755));
            let time = file.last_modified().unwrap();
            assert_eq!((time.year(), time.month(), time.day(), time.second()), (2026, 1, 2, 4));
        }
    }

    #[test]
    fn what_the_plain_end_cannot_count_is_told_by_the_extension() {
        for before in [(1 << 32, 0), (0, 70_000)] {
            let bytes = written(&[1], b"x", before);
            let end = bytes.len() - 22;
            assert_eq!(bytes[end + 8..end + 20], [0xff; 12], "{before:?}");
            let record = end - 20 - 56;
            let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
            assert_eq!(bytes[record..record + 4], 0x0606_4b50_u32.to_le_bytes());
            assert_eq!(number(record + 32), before.1 + 1);
            assert_eq!(number(end - 20 + 8), before.0 + record as u64);
            let directory = usize::try_from(number(record + 48) - before.0).unwrap();
            assert_eq!(bytes[directory..directory + 4], 0x0201_4b50_u32.to_le_bytes());
        }
    }

    #[test]
    fn a_time_that_the_format_cannot_say_is_its_first_one() {
        assert_eq!([0, 315_532_800, 4_354_819_200].map(dos_time), [FIRST; 3]);
    }
}
