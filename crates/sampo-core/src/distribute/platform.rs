//! Whether an executable is made for its target, as far as its header tells.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::endian::Endianness;
use object::macho::CpuType;
use object::read::elf::FileHeader;
use object::read::macho::{FatArch, MachHeader, MachOFatFile32, MachOFatFile64};
use object::{FileKind, LittleEndian, ReadCache, ReadRef, elf, macho, pe};

use crate::error::{Diagnose, PathError};
use crate::target::Target;

/// What can be said in favour of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is an executable for its target.
    Fits,
    /// Nothing speaks against it, but nothing can be said; why.
    Unknown(&'static str),
}

/// An executable is not made for its target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
    /// It is made for another platform.
    #[error("`{}` is for {found}, but {target} is expected", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What it is made for, for people.
        found: String,
        /// What it should be made for.
        target: Target,
    },
    /// It is no executable at all.
    #[error("`{}` is no executable (neither ELF, Mach-O nor PE), but one for {target} is expected", path.display())]
    NoExecutable {
        /// The file.
        path: PathBuf,
        /// What it should be made for.
        target: Target,
    },
}

impl Diagnose for PlatformError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::Wrong { .. } | Self::NoExecutable { .. } => "artifact-wrong-platform",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io(error) => error.hint(),
            _ => Some("build it for its target, or set `check_platform = false` in `[distribute]`".into()),
        }
    }
}

/// Reads the header of the file at `path` and compares it with `target`. Reads a few kilobytes, however long the
/// file is, and takes any bytes without harm.
pub fn check(path: &Path, target: &Target) -> Result<Verdict, PlatformError> {
    let Some(expected) = Expected::of(target) else {
        return Ok(Verdict::Unknown("the executables of this target are not known"));
    };
    let found = match read(path)? {
        Contents::Executable(found) => found,
        Contents::Script => return Ok(Verdict::Unknown("it is a script")),
        Contents::Other => {
            return Err(PlatformError::NoExecutable { path: path.to_owned(), target: target.clone() });
        }
    };
    if expected.is_met_by(&found) {
        return Ok(Verdict::Fits);
    }
    Err(PlatformError::Wrong { path: path.to_owned(), found: found.to_string(), target: target.clone() })
}

/// Whether the file at `path` is an executable or a script, whatever it is made for.
pub fn is_executable(path: &Path) -> Result<bool, PathError> {
    Ok(!matches!(read(path)?, Contents::Other))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Elf,
    MachO,
    Universal,
    Pe,
    Wasm,
}

/// What an executable says about itself.
#[derive(Debug)]
struct Executable {
    format: Format,
    /// The operating system, where the header names one.
    system: Option<&'static str>,
    /// The processors it runs on, by the names below; several in a universal binary.
    processors: Vec<String>,
}

impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (system, format) = match self.format {
            Format::Elf => (self.system.unwrap_or("Linux"), "ELF"),
            Format::MachO => ("macOS", "Mach-O"),
            Format::Universal => ("macOS", "universal Mach-O"),
            Format::Pe => ("Windows", "PE"),
            Format::Wasm => return f.write_str("WebAssembly"),
        };
        write!(f, "{} {system} ({format})", self.processors.join(" + "))
    }
}

enum Contents {
    Executable(Executable),
    Script,
    Other,
}

fn read(path: &Path) -> Result<Contents, PathError> {
    let mut file = File::open(path).map_err(PathError::new("read", path))?;
    let mut start = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut start).map_err(PathError::new("read", path))?;
    match start.as_slice() {
        [b'#', b'!', ..] => return Ok(Contents::Script),
        [0, b'a', b's', b'm'] => {
            return Ok(Contents::Executable(Executable { format: Format::Wasm, system: None, processors: Vec::new() }));
        }
        _ => {}
    }
    Ok(recognise(&ReadCache::new(file)).map_or(Contents::Other, Contents::Executable))
}

/// Headers that are cut off or contradict themselves are those of no executable.
fn recognise<'data, R: ReadRef<'data>>(data: R) -> Option<Executable> {
    match FileKind::parse(data).ok()? {
        FileKind::Elf32 => read_elf(elf::FileHeader32::<Endianness>::parse(data).ok()?),
        FileKind::Elf64 => read_elf(elf::FileHeader64::<Endianness>::parse(data).ok()?),
        FileKind::MachO32 => read_mach(macho::MachHeader32::<Endianness>::parse(data, 0).ok()?),
        FileKind::MachO64 => read_mach(macho::MachHeader64::<Endianness>::parse(data, 0).ok()?),
        FileKind::MachOFat32 if is_fat(data) => Some(universal(MachOFatFile32::parse(data).ok()?.arches())),
        FileKind::MachOFat64 if is_fat(data) => Some(universal(MachOFatFile64::parse(data).ok()?.arches())),
        FileKind::Pe32 | FileKind::Pe64 => read_pe(data),
        _ => None,
    }
}

fn read_elf<H: FileHeader<Endian = Endianness>>(header: &H) -> Option<Executable> {
    let endian = header.endian().ok()?;
    let machine = header.e_machine(endian);
    let processor = elf_processor(machine, header.is_class_64(), header.is_little_endian());
    let system = match header.e_ident().os_abi {
        elf::ELFOSABI_FREEBSD => Some("FreeBSD"),
        elf::ELFOSABI_NETBSD => Some("NetBSD"),
        elf::ELFOSABI_OPENBSD => Some("OpenBSD"),
        _ => None,
    };
    let processor = processor.map_or_else(|| format!("machine {}", machine.0), str::to_owned);
    Some(Executable { format: Format::Elf, system, processors: vec![processor] })
}

fn elf_processor(machine: elf::Machine, is_64: bool, little: bool) -> Option<&'static str> {
    Some(match (machine, is_64, little) {
        (elf::EM_X86_64, true, true) => "x86_64",
        (elf::EM_X86_64, false, true) => "x32",
        (elf::EM_386, false, true) => "x86",
        (elf::EM_AARCH64, true, true) => "aarch64",
        (elf::EM_AARCH64, true, false) => "aarch64_be",
        (elf::EM_AARCH64, false, true) => "aarch64_ilp32",
        (elf::EM_ARM, false, true) => "arm",
        (elf::EM_ARM, false, false) => "armeb",
        (elf::EM_RISCV, false, true) => "riscv32",
        (elf::EM_RISCV, true, true) => "riscv64",
        (elf::EM_PPC, false, false) => "powerpc",
        (elf::EM_PPC64, true, false) => "powerpc64",
        (elf::EM_PPC64, true, true) => "powerpc64le",
        (elf::EM_S390, true, false) => "s390x",
        (elf::EM_LOONGARCH, false, true) => "loongarch32",
        (elf::EM_LOONGARCH, true, true) => "loongarch64",
        (elf::EM_MIPS, false, false) => "mips",
        (elf::EM_MIPS, false, true) => "mipsel",
        (elf::EM_MIPS, true, false) => "mips64",
        (elf::EM_MIPS, true, true) => "mips64el",
        (elf::EM_SPARC | elf::EM_SPARC32PLUS, false, false) => "sparc",
        (elf::EM_SPARCV9, true, false) => "sparc64",
        (elf::EM_68K, false, false) => "m68k",
        (elf::EM_HEXAGON, false, true) => "hexagon",
        (elf::EM_CSKY, false, true) => "csky",
        _ => return None,
    })
}

fn read_mach<H: MachHeader<Endian = Endianness>>(header: &H) -> Option<Executable> {
    let processor = mach_processor(header.cputype(header.endian().ok()?));
    Some(Executable { format: Format::MachO, system: None, processors: vec![processor] })
}

fn universal(slices: &[impl FatArch]) -> Executable {
    let processors = slices.iter().map(|slice| mach_processor(slice.cputype())).collect();
    Executable { format: Format::Universal, system: None, processors }
}

/// Java's class files begin as universal binaries do; what follows is their version there, the number of slices here.
fn is_fat<'data, R: ReadRef<'data>>(data: R) -> bool {
    const FEWER_THAN_ANY_JAVA: u8 = 40;
    matches!(data.read_bytes_at(4, 4), Ok([0, 0, 0, 1..FEWER_THAN_ANY_JAVA]))
}

fn mach_processor(cpu: CpuType) -> String {
    match cpu {
        macho::CPU_TYPE_X86_64 => "x86_64".into(),
        macho::CPU_TYPE_X86 => "x86".into(),
        macho::CPU_TYPE_ARM64 => "aarch64".into(),
        macho::CPU_TYPE_ARM64_32 => "arm64_32".into(),
        macho::CPU_TYPE_ARM => "arm".into(),
        CpuType(other) => format!("processor {other}"),
    }
}

fn read_pe<'data, R: ReadRef<'data>>(data: R) -> Option<Executable> {
    let offset = pe::ImageDosHeader::parse(data).ok()?.nt_headers_offset();
    // The 32-bit headers begin as the 64-bit ones do, up to and with the machine.
    let headers = data.read_at::<pe::ImageNtHeaders32>(u64::from(offset)).ok()?;
    let processor = match headers.file_header.machine.get(LittleEndian) {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x86_64".into(),
        pe::IMAGE_FILE_MACHINE_I386 => "x86".into(),
        pe::IMAGE_FILE_MACHINE_ARM64 => "aarch64".into(),
        pe::IMAGE_FILE_MACHINE_ARM64EC | pe::IMAGE_FILE_MACHINE_ARM64X => "arm64ec".into(),
        pe::IMAGE_FILE_MACHINE_ARMNT => "arm".into(),
        other => format!("machine {}", other.0),
    };
    Some(Executable { format: Format::Pe, system: None, processors: vec![processor] })
}

/// What an executable for a target looks like.
#[derive(Debug, PartialEq, Eq)]
struct Expected<'a> {
    format: Format,
    system: &'a str,
    /// It must run on one of these.
    processors: &'static [&'static str],
    /// It must run on all of them.
    all: bool,
}

impl<'a> Expected<'a> {
    fn of(target: &'a Target) -> Option<Self> {
        let system = target.os();
        let format = match system {
            _ if target.arch().starts_with("wasm") => Format::Wasm,
            "macos" | "ios" | "tvos" | "watchos" | "visionos" => Format::MachO,
            "windows" | "uefi" | "cygwin" => Format::Pe,
            "linux" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" | "illumos" | "solaris" | "fuchsia" | "haiku"
            | "hurd" | "redox" => Format::Elf,
            _ => return None,
        };
        let arch = target.arch();
        let all = format == Format::MachO && arch.starts_with("universal");
        let processors = if format == Format::Wasm { &[] } else { processors(arch, target.as_str())? };
        Some(Self { format, system, processors, all })
    }

    fn is_met_by(&self, found: &Executable) -> bool {
        let format = if found.format == Format::Universal { Format::MachO } else { found.format };
        let system = found.system.is_none_or(|system| system.eq_ignore_ascii_case(self.system));
        let has = |processor: &&str| found.processors.iter().any(|found| found == processor);
        let processor = match self.processors {
            [] => true,
            all if self.all => all.iter().all(has),
            any => any.iter().any(has),
        };
        format == self.format && system && processor
    }
}

/// The processors that serve an architecture as triples name it.
fn processors(arch: &str, triple: &str) -> Option<&'static [&'static str]> {
    Some(match arch {
        "x86_64" if triple.ends_with("gnux32") => &["x32"],
        "x86_64" | "x86_64h" => &["x86_64"],
        "i386" | "i586" | "i686" => &["x86"],
        "aarch64" if triple.ends_with("_ilp32") => &["aarch64_ilp32"],
        "aarch64" | "arm64" | "arm64e" => &["aarch64"],
        "aarch64_be" => &["aarch64_be"],
        "arm64_32" => &["arm64_32"],
        // Such an executable calls itself one for x86_64, so that older systems run it emulated.
        "arm64ec" => &["arm64ec", "x86_64"],
        "universal" | "universal2" => &["x86_64", "aarch64"],
        "powerpc" => &["powerpc"],
        "powerpc64" => &["powerpc64"],
        "powerpc64le" => &["powerpc64le"],
        "s390x" => &["s390x"],
        "loongarch32" => &["loongarch32"],
        "loongarch64" => &["loongarch64"],
        "mips" | "mipsisa32r6" => &["mips"],
        "mipsel" | "mipsisa32r6el" => &["mipsel"],
        "mips64" | "mipsisa64r6" => &["mips64"],
        "mips64el" | "mipsisa64r6el" => &["mips64el"],
        "sparc" => &["sparc"],
        "sparc64" | "sparcv9" => &["sparc64"],
        "m68k" => &["m68k"],
        "hexagon" => &["hexagon"],
        "csky" => &["csky"],
        _ if arch.starts_with("armeb") => &["armeb"],
        _ if arch.starts_with("arm") || arch.starts_with("thumb") => &["arm"],
        _ if arch.starts_with("riscv32") => &["riscv32"],
        _ if arch.starts_with("riscv64") => &["riscv64"],
        _ => return None,
    })
}

#[cfg(test)]
#[path = "platform_tests.rs"]
mod tests;
