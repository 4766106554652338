//! What the machine says about processes: CPU, memory. Linux only; elsewhere the figures are left out.

use std::{collections::BTreeMap, fs};

/// Clock ticks per second of `/proc/<pid>/stat`: 100 on every Linux we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of CPU that a process has used (user and system), its ended children included.
pub(super) fn cpu_seconds(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    // The command may hold spaces and brackets: count from the last bracket.
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0.0 };
    let fields: Vec<f64> = rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    fields.get(11..15).map_or(0.0, |times| times.iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// Memory of a process, pages shared with others counted by share, in MiB.
pub(super) fn pss_mib(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kib =
        text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

fn all_processes() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The server process above a backend, and everything below it.
pub(super) fn family_of_backend(backend: u32) -> Vec<u32> {
    let Some(server) = parent(backend) else { return Vec::new() };
    all_processes().into_iter().filter(|pid| *pid == server || parent(*pid) == Some(server)).collect()
}

/// The process that listens on this port of the loopback or of every address.
pub(super) fn listener_on(port: u16) -> Option<u32> {
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default()).concat();
    let inode = sockets.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        // 0A is a listener; addresses end in the port, in hex.
        (*state == "0A" && local.ends_with(&format!(":{port:04X}"))).then(|| format!("socket:[{inode}]"))
    })?;
    all_processes().into_iter().find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == inode.as_str())
    })
}

/// CPU seconds of groups of processes at one moment.
#[derive(Clone, Default)]
pub(super) struct Clocked(pub(super) BTreeMap<&'static str, f64>);

impl Clocked {
    /// Reads the clocks of all groups.
    pub(super) fn read(groups: &BTreeMap<&'static str, Vec<u32>>) -> Self {
        Self(groups.iter().map(|(name, pids)| (*name, pids.iter().map(|pid| cpu_seconds(*pid)).sum())).collect())
    }

    /// What each group used since `before`.
    pub(super) fn since(&self, before: &Self) -> BTreeMap<&'static str, f64> {
        self.0.iter().map(|(name, now)| (*name, (now - before.0.get(name).copied().unwrap_or(0.0)).max(0.0))).collect()
    }
}
