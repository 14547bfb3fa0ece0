//! What the system says of a process.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Time on all processors, user and system, of all threads of a process: proc_pid_stat(5), fields 14 and 15.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    // The second field, the name, is in brackets and may hold blanks.
    let (_, fields) = stat.rsplit_once(')').with_context(|| path.clone())?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Time on a processor of all threads of a process, in nanoseconds: the first field of `schedstat` of each. What others
/// run in between is not in it.
pub fn thread_time(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut sum = 0_u64;
    for thread in std::fs::read_dir(&folder).with_context(|| folder.clone())? {
        // A thread may have ended.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).context("schedstat")?;
    }
    Ok(Duration::from_nanos(sum))
}

/// Processes that wanted to run in the last minute, on average: what else this machine was doing.
pub fn load_average() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    text.split(' ').next().and_then(|value| value.parse().ok()).context("/proc/loadavg")
}
