//! The first bytes of executables for any usual target, made by hand, so that no test needs a cross compiler.

/// Bytes that every tool takes for an executable built for `triple`. Two triples never give the same bytes.
///
/// Panics for a triple whose format is not known here.
pub fn executable(triple: &str) -> Vec<u8> {
    let arch = triple.split('-').next().unwrap_or_default();
    let mut bytes = if arch.starts_with("wasm") {
        b"\0asm\x01\0\0\0".to_vec()
    } else if triple.contains("-apple-") {
        mach_o(mach_cpu(arch))
    } else if triple.contains("-windows-") {
        portable_executable(windows_machine(arch))
    } else {
        elf(arch, if triple.contains("-freebsd") { 9 } else { 0 })
    };
    bytes.extend_from_slice(triple.as_bytes());
    bytes
}

/// A universal binary for macOS with a slice for each of these architectures.
pub fn universal(archs: &[&str]) -> Vec<u8> {
    const SLICE_ALIGNMENT: u32 = 12;
    let slices: Vec<(u32, Vec<u8>)> = archs.iter().map(|arch| (mach_cpu(arch), mach_o(mach_cpu(arch)))).collect();
    let mut bytes = Vec::new();
    push_big(&mut bytes, &[0xcafe_babe, slices.len() as u32]);
    for (index, (cpu, slice)) in slices.iter().enumerate() {
        let offset = (index as u32 + 1) << SLICE_ALIGNMENT;
        push_big(&mut bytes, &[*cpu, 0, offset, slice.len() as u32, SLICE_ALIGNMENT]);
    }
    for (index, (_, slice)) in slices.iter().enumerate() {
        bytes.resize((index + 1) << SLICE_ALIGNMENT, 0);
        bytes.extend_from_slice(slice);
    }
    bytes
}

/// An ELF file header: class, byte order and machine are what tells one architecture from another.
fn elf(arch: &str, os_abi: u8) -> Vec<u8> {
    let (machine, bits, little) = match arch {
        "x86_64" => (62u16, 64, true),
        "i586" | "i686" => (3, 32, true),
        "aarch64" => (183, 64, true),
        "riscv64gc" => (243, 64, true),
        "loongarch64" => (258, 64, true),
        "powerpc" => (20, 32, false),
        "powerpc64" => (21, 64, false),
        "powerpc64le" => (21, 64, true),
        "s390x" => (22, 64, false),
        "mips" => (8, 32, false),
        "mipsel" => (8, 32, true),
        "sparc64" => (43, 64, false),
        _ if arch.starts_with("arm") || arch.starts_with("thumb") => (40, 32, true),
        _ => panic!("no ELF machine is known for `{arch}`"),
    };
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let length = if bits == 64 { 64 } else { 52 };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', if bits == 64 { 2 } else { 1 }, if little { 1 } else { 2 }, 1, os_abi];
    bytes.resize(16, 0);
    bytes.extend(short(2));
    bytes.extend(short(machine));
    bytes.extend(if little { [1, 0, 0, 0] } else { [0, 0, 0, 1] });
    bytes.resize(length, 0);
    // The header's own size, which strict readers compare.
    let at = if bits == 64 { 52 } else { 40 };
    bytes[at..at + 2].copy_from_slice(&short(length as u16));
    bytes
}

/// A thin Mach-O header, little-endian as on every Mac that Rust supports.
fn mach_o(cpu: u32) -> Vec<u8> {
    const EXECUTABLE: u32 = 2;
    let is_64 = cpu & 0x0100_0000 != 0;
    let magic: u32 = if is_64 { 0xfeed_facf } else { 0xfeed_face };
    let mut bytes: Vec<u8> = [magic, cpu, 0, EXECUTABLE, 0, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.resize(32, 0);
    bytes
}

fn mach_cpu(arch: &str) -> u32 {
    match arch {
        "x86_64" => 0x0100_0007,
        "aarch64" => 0x0100_000c,
        "i686" => 7,
        _ => panic!("no Mach-O processor is known for `{arch}`"),
    }
}

/// A DOS stub that points to the headers of a portable executable.
fn portable_executable(machine: u16) -> Vec<u8> {
    const HEADERS: u32 = 0x80;
    let is_64 = machine != 0x014c;
    let mut bytes = b"MZ".to_vec();
    bytes.resize(0x3c, 0);
    bytes.extend(HEADERS.to_le_bytes());
    bytes.resize(HEADERS as usize, 0);
    bytes.extend(b"PE\0\0");
    bytes.extend(machine.to_le_bytes());
    bytes.resize(HEADERS as usize + 20, 0);
    let optional_header: u16 = if is_64 { 240 } else { 224 };
    bytes.extend(optional_header.to_le_bytes());
    bytes.extend(0x0022u16.to_le_bytes());
    bytes.extend(if is_64 { 0x020bu16 } else { 0x010b }.to_le_bytes());
    bytes.resize(HEADERS as usize + 24 + usize::from(optional_header), 0);
    bytes
}

fn windows_machine(arch: &str) -> u16 {
    match arch {
        "x86_64" => 0x8664,
        "i686" => 0x014c,
        "aarch64" => 0xaa64,
        _ => panic!("no machine of a portable executable is known for `{arch}`"),
    }
}

fn push_big(bytes: &mut Vec<u8>, words: &[u32]) {
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
}
