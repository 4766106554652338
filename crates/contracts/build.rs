//! Compiles the protos without `protoc`: one descriptor set feeds prost, tonic, reflection and canonical JSON.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    // The whole tree: a new proto is compiled without touching this file.
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let set = protox::compile(&files, [&root])?;
    let bytes = set.encode_to_vec();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), &bytes)?;
    tonic_prost_build::configure().bytes(".").btree_map(".").include_file("otc.rs").compile_fds(set)?;
    pbjson_build::Builder::new().register_descriptors(&bytes)?.btree_map([".otc"]).build(&[".otc"])?;
    // The JSON implementations belong into the modules of their messages.
    for entry in fs::read_dir(&out)? {
        let path = entry?.path();
        let Some(package) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".serde.rs")) else {
            continue;
        };
        let messages = out.join(format!("{package}.rs"));
        let both = format!("{}\n{}", fs::read_to_string(&messages)?, fs::read_to_string(&path)?);
        fs::write(messages, both)?;
    }
    Ok(())
}

fn collect(folder: &PathBuf, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            println!("cargo:rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
