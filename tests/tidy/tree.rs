//! The files a rule may look at: what git would keep, or, without git, what lies in the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold what was built or started, never what was written.
const NOT_OURS: [&str; 3] = ["target", ".git", ".quittance"];

/// One text file, its path relative to the root with `/` between the parts.
pub struct File {
    pub path: String,
    pub text: String,
}

/// The root of the workspace, one folder above this package.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or_else(|| package.to_path_buf(), Path::to_path_buf)
}

/// Every file that is UTF-8. New files count before they are committed: it is cheaper to hear of
/// them then.
pub fn text_files(root: &Path) -> Vec<File> {
    let mut paths = listed_by_git(root).unwrap_or_else(|| walked(root, root));
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| fs::read_to_string(root.join(&path)).ok().map(|text| File { path, text }))
        .collect()
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let listing = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .ok()?;
    let text = String::from_utf8(listing.stdout).ok()?;
    let paths: Vec<String> = text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (listing.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(root: &Path, folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if NOT_OURS.iter().any(|folder| name.to_str() == Some(folder)) {
            continue;
        }
        if path.is_dir() {
            paths.extend(walked(root, &path));
        } else if let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            paths.push(relative.to_owned());
        }
    }
    paths
}

#[test]
fn without_git_the_same_sources_are_found() {
    let root = root();
    let walked = walked(&root, &root);
    for path in ["Cargo.toml", "tests/tidy/main.rs", "crates/money/src/lib.rs"] {
        assert!(walked.iter().any(|found| found == path), "{path} was not found");
    }
    assert!(!walked.iter().any(|path| path.starts_with("target/")));
}
