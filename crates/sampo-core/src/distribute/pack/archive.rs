//! Archives that depend on their contents alone: no clock, no user, no host, no order of a file system in them.

use std::io::{self, Write};

use chrono::{DateTime, Datelike, Timelike};
use flate2::{Compression, GzBuilder};
use liblzma::write::XzEncoder;
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::PackError;
use super::stream_ends::Input;
use crate::config::distribute::ArchiveFormat;
use crate::distribute::resolve::{Archive, Entry};
use crate::error::PathError;

const GZIP_LEVEL: u32 = 6;
const XZ_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 10;
/// "Unknown", whatever system this is.
const GZIP_SYSTEM: u8 = 255;
/// From here on an entry of a zip file needs the format's extension for large files.
const ZIP_LARGE: u64 = 0xffff_0000;

/// Writes `archive` to `output`, as if all its files were from `time` (seconds since 1970-01-01 UTC). Every compressor
/// works on one thread: its result would otherwise depend on their number. Several archives are made in parallel.
pub(super) fn write<W: Write>(
    archive: &Archive,
    time: i64,
    output: W,
    cancellation: &CancellationToken,
) -> Result<W, PackError> {
    let finished = |result: io::Result<W>| Ok(result.map_err(PathError::new("finish", &archive.folder))?);
    match archive.format {
        ArchiveFormat::TarGz => {
            let gzip = GzBuilder::new().mtime(0).operating_system(GZIP_SYSTEM);
            let encoder = gzip.write(output, Compression::new(GZIP_LEVEL));
            finished(tar(archive, time, encoder, cancellation)?.finish())
        }
        ArchiveFormat::TarXz => finished(tar(archive, time, XzEncoder::new(output, XZ_LEVEL), cancellation)?.finish()),
        ArchiveFormat::TarZst => {
            let started = || -> io::Result<_> {
                let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Ok(encoder)
            };
            let encoder = started().map_err(PathError::new("start", &archive.folder))?;
            finished(tar(archive, time, encoder, cancellation)?.finish())
        }
        ArchiveFormat::Zip => zip(archive, time, output, cancellation),
        ArchiveFormat::None => unreachable!("executables that are delivered as they are are not packed"),
    }
}

fn tar<W: Write>(archive: &Archive, time: i64, output: W, cancellation: &CancellationToken) -> Result<W, PackError> {
    let mut builder = tar::Builder::new(output);
    for entry in &archive.entries {
        let mut input = Input::open(&entry.path, cancellation)?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(input.length());
        header.set_mode(mode(entry));
        header.set_mtime(u64::try_from(time).unwrap_or_default());
        header.set_uid(0);
        header.set_gid(0);
        let appended = builder.append_data(&mut header, path(archive, entry), &mut input);
        input.finish(appended)?;
    }
    Ok(builder.into_inner().map_err(PathError::new("finish", &archive.folder))?)
}

fn zip<W: Write>(archive: &Archive, time: i64, output: W, cancellation: &CancellationToken) -> Result<W, PackError> {
    let mut writer = ZipWriter::new_stream(output);
    for entry in &archive.entries {
        let mut input = Input::open(&entry.path, cancellation)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(i64::from(GZIP_LEVEL)))
            .last_modified_time(dos_time(time))
            .system(zip::System::Unix)
            .unix_permissions(mode(entry))
            .large_file(input.length() >= ZIP_LARGE);
        let written = writer
            .start_file(path(archive, entry), options)
            .map_err(io::Error::from)
            .and_then(|()| io::copy(&mut input, &mut writer));
        input.finish(written)?;
    }
    let output = writer.finish().map_err(io::Error::from).map_err(PathError::new("finish", &archive.folder))?;
    Ok(output.into_inner())
}

fn path(archive: &Archive, entry: &Entry) -> String {
    format!("{}/{}", archive.folder, entry.name)
}

fn mode(entry: &Entry) -> u32 {
    if entry.executable { 0o755 } else { 0o644 }
}

/// The time in UTC, as far as the format can say it: from 1980 to 2107, in steps of two seconds.
fn dos_time(time: i64) -> zip::DateTime {
    let utc = DateTime::from_timestamp(time, 0).unwrap_or_default();
    let part = |value: u32| u8::try_from(value).unwrap_or_default();
    let dos = u16::try_from(utc.year()).ok().and_then(|year| {
        let (month, day) = (part(utc.month()), part(utc.day()));
        let (hour, minute, second) = (part(utc.hour()), part(utc.minute()), part(utc.second()) / 2 * 2);
        zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    });
    dos.unwrap_or_default()
}
