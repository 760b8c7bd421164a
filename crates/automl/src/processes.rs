//! Names and ends of worker processes.

use std::fs;
use std::path::Path;
use std::process::ExitStatus;

/// What kind of process works on a study: it decides what becomes of its trial when a search begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A search in one process.
    Search,
    /// A worker that a search started, which ends with it.
    Job,
    /// A worker that somebody started.
    Worker,
}

/// Who works on a trial, as it is written into the study: `job 4711@host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkerName {
    pub(crate) role: Role,
    pub(crate) pid: u32,
    pub(crate) host: String,
}

impl WorkerName {
    /// This process in a role.
    pub(crate) fn this(role: Role) -> Self {
        Self { role, pid: std::process::id(), host: host() }
    }

    /// Reads a name back; `None` if it is of another form, as Optuna's workers have none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (role, rest) = text.split_once(' ')?;
        let role = [Role::Search, Role::Job, Role::Worker].into_iter().find(|known| known.name() == role)?;
        let (pid, host) = rest.split_once('@')?;
        Some(Self { role, pid: pid.parse().ok()?, host: host.to_owned() })
    }

    /// Whether the process is known to be gone: it ran here and is no more.
    pub(crate) fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        self.host == host()
            && processes.join("self").exists()
            && !processes.join(self.pid.to_string()).exists()
    }

    /// Whether it belongs to a search on this machine: only one of those runs at a time.
    pub(crate) fn is_of_local_search(&self) -> bool {
        self.role != Role::Worker && self.host == host()
    }
}

impl std::fmt::Display for WorkerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}@{}", self.role.name(), self.pid, self.host)
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Search => "search",
            Role::Job => "job",
            Role::Worker => "worker",
        }
    }
}

fn host() -> String {
    let from_file = |path: &str| fs::read_to_string(path).ok().map(|name| name.trim().to_owned());
    from_file("/proc/sys/kernel/hostname")
        .or_else(|| from_file("/etc/hostname"))
        .or_else(|| std::env::var("HOSTNAME").ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It did what it was told.
    Done,
    /// Somebody ended it.
    Killed,
    /// The system ended it, or it ended itself, because it could not get memory.
    OutOfMemory,
    /// It ended itself; in words.
    Crashed(String),
}

impl End {
    /// Judges by exit status, the last lines of its log, and whether the system has meanwhile ended processes for
    /// lack of memory.
    pub(crate) fn judge(status: ExitStatus, log: &str, memory_kills_grew: bool) -> Self {
        if status.success() {
            return End::Done;
        }
        let signal = signal(status);
        // What Rust and libtorch say when an allocation fails, before they abort.
        let no_memory =
            ["memory allocation of", "std::bad_alloc", "DefaultCPUAllocator: can't allocate memory"];
        if no_memory.iter().any(|words| log.contains(words)) || (signal == Some(9) && memory_kills_grew) {
            return End::OutOfMemory;
        }
        // What stands below a message is how to go on from it.
        let is_said =
            |line: &&str| !line.is_empty() && !line.starts_with("note:") && !line.starts_with("hint:");
        let said = log.lines().rev().map(str::trim).find(is_said);
        match (signal, said) {
            // Interrupt, kill, terminate: sent by a person or a machine that shuts down.
            (Some(1 | 2 | 9 | 15), _) => End::Killed,
            (Some(signal), None) => End::Crashed(format!("signal {signal}")),
            (Some(signal), Some(said)) => End::Crashed(format!("signal {signal} after `{said}`")),
            (None, Some(said)) => End::Crashed(format!("`{said}`")),
            (None, None) => End::Crashed(status.to_string()),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Processes that the system has ended for lack of memory so far: in this control group where there is one, else
/// on the whole machine. 0 where the system does not say.
pub(crate) fn memory_kills() -> u64 {
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = group.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default().to_owned();
    let events = Path::new("/sys/fs/cgroup").join(group).join("memory.events");
    let count = |text: String| {
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok())
    };
    let read = |path: &Path| fs::read_to_string(path).ok().and_then(count);
    read(&events).into_iter().chain(read(Path::new("/proc/vmstat"))).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for role in [Role::Search, Role::Job, Role::Worker] {
            let name = WorkerName::this(role);
            assert_eq!(WorkerName::parse(&name.to_string()), Some(name.clone()));
            assert!(!name.is_gone(), "this process is here");
            assert_eq!(name.is_of_local_search(), role != Role::Worker);
        }
        assert_eq!(WorkerName::parse("somebody"), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_end_of_a_worker_is_told_from_status_and_log() {
        use std::os::unix::process::ExitStatusExt;
        let by_signal = ExitStatus::from_raw;
        let by_code = |code: i32| ExitStatus::from_raw(code << 8);
        assert_eq!(End::judge(by_code(0), "whatever", true), End::Done);
        assert_eq!(End::judge(by_signal(9), "", false), End::Killed);
        assert_eq!(End::judge(by_signal(9), "", true), End::OutOfMemory);
        let said = "memory allocation of 123 bytes failed\n";
        assert_eq!(End::judge(by_signal(6), said, false), End::OutOfMemory);
        assert_eq!(End::judge(by_signal(11), "", false), End::Crashed("signal 11".to_owned()));
        assert_eq!(
            End::judge(by_code(1), "a\nno such file\n\n", false),
            End::Crashed("`no such file`".to_owned())
        );
        let panicked =
            "thread 'main' panicked at x.rs:1:1:\nall is lost\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(End::judge(by_code(101), panicked, false), End::Crashed("`all is lost`".to_owned()));
        let refused = "error: disk full\n\nhint: make room\n";
        assert_eq!(End::judge(by_code(1), refused, false), End::Crashed("`error: disk full`".to_owned()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_ended_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let name = WorkerName { pid: child.id(), ..WorkerName::this(Role::Job) };
        child.wait().unwrap();
        assert!(name.is_gone());
        assert!(!WorkerName { host: "elsewhere".to_owned(), ..name }.is_gone());
    }
}
