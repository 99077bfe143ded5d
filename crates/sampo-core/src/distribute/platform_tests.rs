//! Every usual target against executables for it and for others, and files that are none.

use std::fs;

use sampo_testkit::executables::{executable, universal};

use super::*;

const TRIPLES: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "i686-unknown-linux-musl",
    "armv7-unknown-linux-gnueabihf",
    "riscv64gc-unknown-linux-gnu",
    "powerpc64-unknown-linux-gnu",
    "powerpc64le-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "loongarch64-unknown-linux-gnu",
    "mips-unknown-linux-gnu",
    "mipsel-unknown-linux-gnu",
    "sparc64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "i686-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "wasm32-wasip1",
];

fn target(triple: &str) -> Target {
    triple.parse().unwrap()
}

fn check_bytes(bytes: &[u8], triple: &str) -> Result<Verdict, PlatformError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    check(&path, &target(triple))
}

#[test]
fn an_executable_fits_its_own_target_and_no_other() {
    for made_for in TRIPLES {
        for expected in TRIPLES {
            let verdict = check_bytes(&executable(made_for), expected);
            match verdict {
                Ok(verdict) => assert!(verdict == Verdict::Fits && made_for == expected, "{made_for} {expected}"),
                Err(error) => {
                    assert_ne!(made_for, expected, "{error}");
                    assert_eq!(error.code(), "artifact-wrong-platform");
                }
            }
        }
    }
}

#[test]
fn the_libc_and_the_vendor_make_no_difference() {
    let linux = executable("x86_64-unknown-linux-gnu");
    for triple in ["x86_64-unknown-linux-musl", "x86_64-linux-android", "x86_64-unknown-netbsd"] {
        assert_eq!(check_bytes(&linux, triple).unwrap(), Verdict::Fits, "{triple}");
    }
    assert!(check_bytes(&linux, "x86_64-unknown-linux-gnux32").is_err());
    let windows = executable("x86_64-pc-windows-msvc");
    assert_eq!(check_bytes(&windows, "x86_64-pc-windows-gnu").unwrap(), Verdict::Fits);
}

#[test]
fn a_system_that_the_header_names_is_compared() {
    let freebsd = executable("x86_64-unknown-freebsd");
    assert_eq!(check_bytes(&freebsd, "x86_64-unknown-freebsd").unwrap(), Verdict::Fits);
    let error = check_bytes(&freebsd, "x86_64-unknown-linux-gnu").unwrap_err().to_string();
    assert!(error.ends_with("is for x86_64 FreeBSD (ELF), but x86_64-unknown-linux-gnu is expected"), "{error}");
}

#[test]
fn a_wrong_one_is_described_for_people() {
    let table = [
        ("aarch64-unknown-linux-gnu", "aarch64 Linux (ELF)"),
        ("aarch64-apple-darwin", "aarch64 macOS (Mach-O)"),
        ("i686-pc-windows-msvc", "x86 Windows (PE)"),
        ("wasm32-wasip1", "WebAssembly"),
    ];
    for (triple, found) in table {
        let error = check_bytes(&executable(triple), "x86_64-unknown-linux-gnu").unwrap_err().to_string();
        assert!(error.ends_with(&format!("file` is for {found}, but x86_64-unknown-linux-gnu is expected")), "{error}");
    }
}

#[test]
fn a_universal_binary_serves_each_target_that_it_has_a_slice_for() {
    let both = universal(&["x86_64", "aarch64"]);
    for triple in ["x86_64-apple-darwin", "aarch64-apple-darwin", "universal2-apple-darwin"] {
        assert_eq!(check_bytes(&both, triple).unwrap(), Verdict::Fits, "{triple}");
    }
    let intel = universal(&["x86_64"]);
    let error = check_bytes(&intel, "aarch64-apple-darwin").unwrap_err().to_string();
    assert!(error.contains("is for x86_64 macOS (universal Mach-O)"), "{error}");
    assert!(check_bytes(&intel, "universal2-apple-darwin").is_err(), "a slice is missing");
}

#[test]
fn nothing_is_said_about_scripts_and_unknown_targets() {
    assert_eq!(check_bytes(b"#!/bin/sh\n", "x86_64-unknown-linux-gnu").unwrap(), Verdict::Unknown("it is a script"));
    let unknown = check_bytes(b"anything", "msp430-none-elf").unwrap();
    assert_eq!(unknown, Verdict::Unknown("the executables of this target are not known"));
}

#[test]
fn what_is_no_executable_is_refused() {
    let java = [b"\xca\xfe\xba\xbe\0\0\0\x41".as_slice(), &[0; 64]].concat();
    for bytes in [b"".as_slice(), b"x", b"hello, this is a text file", b"!<arch>\n0123456789", &java] {
        let error = check_bytes(bytes, "x86_64-apple-darwin").unwrap_err();
        assert!(matches!(error, PlatformError::NoExecutable { .. }), "{error}");
    }
}

#[test]
fn cut_off_and_scrambled_headers_never_panic() {
    for triple in TRIPLES {
        let bytes = executable(triple);
        for length in 0..bytes.len() {
            let _ = recognise(&bytes[..length]);
        }
        for at in 0..bytes.len() {
            let mut scrambled = bytes.clone();
            scrambled[at] = !scrambled[at];
            let _ = recognise(scrambled.as_slice());
        }
    }
    let mut many_slices = universal(&["x86_64"]);
    many_slices[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(check_bytes(&many_slices, "x86_64-apple-darwin").is_err());
}
