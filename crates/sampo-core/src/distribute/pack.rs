//! Makes the planned artifacts of every release: archives that are the same on any machine, and checksum files.

use std::fs;
use std::io::BufWriter;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use super::Caller;
use super::checksum::{self, Digest, Sums};
use super::checksum_list;
use super::model::{Artifact, ArtifactKind, Release};
use super::naming;
use super::participant::Participant;
use super::resolve::{Archive, Contents, Failure, Planned, Resolved};
use crate::atomic;
use crate::config::distribute::Checksums;
use crate::error::{Diagnose, PathError};
use crate::event::{Event, Reporter};
use crate::target::Target;

mod archive;
mod deflate;
mod gzip;
mod stream_ends;
mod zip_file;

use stream_ends::{Input, Output};

/// How artifacts are made.
#[derive(Clone)]
pub struct Packing {
    /// A folder of the caller's for what is made; each release gets a folder of its own in it.
    pub folder: PathBuf,
    /// How many artifacts are made at the same time.
    pub jobs: NonZeroUsize,
    /// How many threads compress, over all of them. No byte depends on it.
    pub threads: NonZeroUsize,
    /// Which checksum files are made.
    pub checksums: Checksums,
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// Ends the work early.
    pub cancellation: CancellationToken,
}

/// The artifacts of one release, ready to be delivered.
#[derive(Debug)]
pub struct Packed {
    /// The release.
    pub release: Arc<Release>,
    /// Its artifacts with their checksum files, sorted by name.
    pub artifacts: Vec<Artifact>,
    /// What of it could not be found or made.
    pub failures: Vec<Failure>,
    /// The targets that may be missing without holding back the release.
    pub optional: Vec<Target>,
}

/// An artifact could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A file grew or shrank meanwhile, so that the archive would be broken.
    #[error("`{}` changed while it was being packed", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The run was cancelled.
    #[error("packing was cancelled")]
    Cancelled,
}

impl Diagnose for PackError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::Changed { .. } => "artifact-changed",
            Self::Cancelled => "cancelled",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io(error) => error.hint(),
            Self::Changed { .. } => Some("wait until the build has ended, then try again".into()),
            Self::Cancelled => None,
        }
    }
}

/// Makes everything that `resolved` plans. An artifact that cannot be made is a failure of its target alone; only a
/// cancelled run and checksum files that cannot be written are errors.
///
/// Each input is read once, in pieces; digests are taken from the bytes as they are written.
pub async fn pack(resolved: Vec<Resolved>, packing: &Packing) -> Result<Vec<Packed>, PackError> {
    let jobs: Vec<(usize, Job)> =
        resolved.iter().enumerate().flat_map(|(index, of)| jobs(index, of, packing)).collect();
    let count = jobs.len();
    let made: Vec<(usize, Option<Target>, Result<Artifact, PackError>)> = stream::iter(jobs.into_iter().enumerate())
        .map(|(position, (index, job))| async move {
            let threads = packing.threads_of_each(count - position);
            (index, job.planned.target.clone(), make(job, threads, packing).await)
        })
        .buffered(packing.at_once(count).get())
        .collect()
        .await;
    if packing.cancellation.is_cancelled() {
        return Err(PackError::Cancelled);
    }
    let mut packed: Vec<Packed> = resolved.into_iter().map(Packed::without_artifacts).collect();
    for (index, target, artifact) in made {
        packed[index].add(target, artifact);
    }
    for packed in &mut packed {
        let folder = folder_of(&packed.release, packing);
        packed.artifacts.extend(checksum_files(&packed.artifacts, packing.checksums, &folder)?);
        packed.artifacts.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(packed)
}

impl Packed {
    /// Nothing of `release` so far.
    pub fn nothing(release: &Arc<Release>, participant: &Participant<'_>) -> Self {
        let (release, optional) = (Arc::clone(release), participant.optional.to_vec());
        Self { release, artifacts: Vec::new(), failures: Vec::new(), optional }
    }

    fn without_artifacts(resolved: Resolved) -> Self {
        let Resolved { release, failures, optional, .. } = resolved;
        Self { release, artifacts: Vec::new(), failures, optional }
    }

    fn add(&mut self, target: Option<Target>, artifact: Result<Artifact, PackError>) {
        match artifact {
            Ok(artifact) => self.artifacts.push(artifact),
            Err(error) => self.failures.push(Failure::new(&self.release.package, target, &self.optional, &error)),
        }
    }
}

impl Packing {
    /// Packing into `folder` with every thread of this machine, for `caller`.
    pub(super) fn of(caller: &Caller, folder: &Path, jobs: NonZeroUsize, checksums: Checksums) -> Self {
        Self {
            folder: folder.to_owned(),
            jobs,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            checksums,
            reporter: Arc::clone(&caller.reporter),
            cancellation: caller.cancellation.clone(),
        }
    }

    /// How many of so many artifacts are made at the same time: more than there are threads would only need memory.
    fn at_once(&self, count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN).min(self.jobs).min(self.threads)
    }

    /// How many threads work for one artifact while so many are left, so that the last ones use all of them too.
    fn threads_of_each(&self, left: usize) -> NonZeroUsize {
        let threads = self.threads.get().div_ceil(self.at_once(left).get());
        NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN)
    }
}

/// What is to be made of the release at `index`.
fn jobs(index: usize, resolved: &Resolved, packing: &Packing) -> impl Iterator<Item = (usize, Job)> {
    let folder = folder_of(&resolved.release, packing);
    let time = resolved.release.commit_time;
    let job = move |planned: &Planned| Job { planned: planned.clone(), folder: folder.clone(), time };
    resolved.artifacts.iter().map(move |planned| (index, job(planned)))
}

/// One artifact to make, on a thread that may block.
struct Job {
    planned: Planned,
    folder: PathBuf,
    time: i64,
}

async fn make(job: Job, threads: NonZeroUsize, packing: &Packing) -> Result<Artifact, PackError> {
    if packing.cancellation.is_cancelled() {
        return Err(PackError::Cancelled);
    }
    if let Contents::Archive(_) = job.planned.contents {
        packing.reporter.report(Event::Step { message: &format!("packing {}", job.planned.name) });
    }
    let cancellation = packing.cancellation.clone();
    let making = tokio::task::spawn_blocking(move || job.run(threads, &cancellation));
    // A thread that panicked has been reported by then; for the run it is as good as cancelled.
    making.await.unwrap_or(Err(PackError::Cancelled))
}

impl Job {
    fn run(self, threads: NonZeroUsize, cancellation: &CancellationToken) -> Result<Artifact, PackError> {
        let Planned { name, kind, target, contents } = self.planned;
        let (path, sha256, bytes) = match contents {
            Contents::File(path) => {
                let mut input = Input::open(&path, cancellation)?;
                let digest = Digest::of_reader(&mut input);
                let (sha256, bytes) = input.finish(digest)?;
                (path, sha256, bytes)
            }
            Contents::Archive(archive) => {
                let path = self.folder.join(&name);
                let (sha256, bytes) = write_file(&path, &archive, self.time, threads, cancellation)?;
                (path, sha256, bytes)
            }
        };
        Ok(Artifact { name, kind, target, bytes, sha256, path })
    }
}

/// Writes an archive under a temporary name first, so that a file of the right name is always whole.
fn write_file(
    path: &Path,
    archive: &Archive,
    time: i64,
    threads: NonZeroUsize,
    cancellation: &CancellationToken,
) -> Result<(Digest, u64), PackError> {
    let failed = || PathError::new("write", path);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed())?;
    let file = atomic::temporary_file_in(folder).map_err(failed())?;
    let output = Output::new(BufWriter::new(file));
    let (buffer, sha256, bytes) = archive::write(archive, time, threads, output, cancellation)?.finish();
    let file = buffer.into_inner().map_err(|error| failed()(error.into_error()))?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    Ok((sha256, bytes))
}

/// The files that hold the digests of `artifacts`, written into `folder`.
pub(super) fn checksum_files(
    artifacts: &[Artifact],
    which: Checksums,
    folder: &Path,
) -> Result<Vec<Artifact>, PathError> {
    let mut files = Vec::new();
    if which.has_sidecars() {
        for artifact in artifacts {
            let name = checksum::sidecar_name(&artifact.name);
            let sums = Sums::from_iter([(artifact.name.clone(), artifact.sha256)]);
            files.push(checksum_file(name, artifact.target.clone(), &sums, folder)?);
        }
    }
    if which.has_file() && !artifacts.is_empty() {
        files.extend(checksum_list::list_of(artifacts, folder)?);
    }
    Ok(files)
}

fn checksum_file(name: String, target: Option<Target>, sums: &Sums, folder: &Path) -> Result<Artifact, PathError> {
    let path = folder.join(&name);
    let text = sums.to_string();
    atomic::write(&path, &text)?;
    Ok(Artifact {
        name,
        kind: ArtifactKind::Checksum,
        target,
        bytes: text.len() as u64,
        sha256: Digest::of(text),
        path,
    })
}

/// Two releases of one run may have artifacts of the same name.
fn folder_of(release: &Release, packing: &Packing) -> PathBuf {
    let package = naming::file_name_part(release.package.name());
    packing.folder.join(format!("{}-{package}-{}", release.package.ecosystem().as_str(), release.version))
}

#[cfg(test)]
#[path = "pack/pack_tests.rs"]
mod tests;
