//! Archives that depend on their contents alone: no clock, no user, no host, no order of a file system in them.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use liblzma::stream::{Check, MtStreamBuilder};
use liblzma::write::XzEncoder;
use tokio_util::sync::CancellationToken;
use zstd::zstd_safe::CParameter;

use super::PackError;
use super::gzip::Gzip;
use super::stream_ends::Input;
use super::zip_file::{self, ZipFile};
use crate::config::distribute::ArchiveFormat;
use crate::distribute::resolve::{Archive, Entry};
use crate::error::PathError;

const XZ_LEVEL: u32 = 6;
/// How much one thread compresses at a time: as far as a match may reach at this level.
const XZ_BLOCK: u64 = 8 * 1024 * 1024;
const ZSTD_LEVEL: i32 = 9;
/// The same here.
const ZSTD_BLOCK: u32 = 4 * 1024 * 1024;

/// Writes `archive` to `output`, as if all its files were from `time` (seconds since 1970-01-01 UTC). Every compressor
/// works in blocks of a fixed size: its result would otherwise depend on the number of `threads`.
pub(super) fn write<W: Write>(
    archive: &Archive,
    time: i64,
    threads: NonZeroUsize,
    output: W,
    cancellation: &CancellationToken,
) -> Result<W, PackError> {
    let started = || PathError::new("start", &archive.folder);
    let finished = |result: io::Result<W>| Ok(result.map_err(PathError::new("finish", &archive.folder))?);
    match archive.format {
        ArchiveFormat::TarGz => {
            let gzip = Gzip::new(output, threads).map_err(started())?;
            finished(tar(archive, time, gzip, cancellation)?.finish())
        }
        ArchiveFormat::TarXz => {
            let xz = xz(output, threads).map_err(started())?;
            finished(tar(archive, time, xz, cancellation)?.finish())
        }
        ArchiveFormat::TarZst => {
            let zstd = zstd(output, threads).map_err(started())?;
            finished(tar(archive, time, zstd, cancellation)?.finish())
        }
        ArchiveFormat::Zip => {
            let zip = ZipFile::new(output, threads).map_err(started())?;
            finished(fill(archive, time, zip, cancellation)?.finish())
        }
        ArchiveFormat::None => unreachable!("executables that are delivered as they are are not packed"),
    }
}

fn xz<W: Write>(output: W, threads: NonZeroUsize) -> io::Result<XzEncoder<W>> {
    let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX);
    let stream =
        MtStreamBuilder::new().preset(XZ_LEVEL).check(Check::Crc64).block_size(XZ_BLOCK).threads(threads).encoder()?;
    Ok(XzEncoder::new_stream(output, stream))
}

fn zstd<W: Write>(output: W, threads: NonZeroUsize) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    // Also for one thread, which would work without blocks otherwise.
    encoder.multithread(u32::try_from(threads.get()).unwrap_or(u32::MAX))?;
    encoder.set_parameter(CParameter::JobSize(ZSTD_BLOCK))?;
    Ok(encoder)
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

fn fill<W: Write>(
    archive: &Archive,
    time: i64,
    mut zip: ZipFile<W>,
    cancellation: &CancellationToken,
) -> Result<ZipFile<W>, PackError> {
    for entry in &archive.entries {
        let mut input = Input::open(&entry.path, cancellation)?;
        let (name, mode, length) = (path(archive, entry), mode(entry), input.length());
        let added = zip.add(&zip_file::Entry { name, mode, time, length }, &mut input);
        input.finish(added)?;
    }
    Ok(zip)
}

fn path(archive: &Archive, entry: &Entry) -> String {
    format!("{}/{}", archive.folder, entry.name)
}

fn mode(entry: &Entry) -> u32 {
    if entry.executable { 0o755 } else { 0o644 }
}
