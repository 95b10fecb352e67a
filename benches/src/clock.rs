//! Timing: batches of questions, whole operations, and what is kept of several runs.

use std::time::{Duration, Instant};

/// Every measure is the best of so many runs, or of those that fit into [`BUDGET`].
pub const RUNS: usize = 5;

/// No run begins later than this after the first, so that what is slow today is measured less often
/// and all of it still ends within minutes.
const BUDGET: Duration = Duration::from_secs(8);

/// Questions timed together. A clock costs about 25 ns, which is as long as some of the answers.
pub const BATCH: usize = 1_000;

/// What is kept of a measure, in the unit that its function names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// The middle one.
    pub p50: f64,
    /// The one that 99 in a hundred stay below.
    pub p99: f64,
}

impl Times {
    /// The same in a unit so many times as large.
    pub fn per(self, factor: f64) -> Self {
        Self { p50: self.p50 / factor, p99: self.p99 / factor }
    }

    /// The percentiles of these.
    pub fn of(mut sorted: Vec<f64>) -> Self {
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// Nanoseconds a question takes. Questions are asked in batches of [`BATCH`], and a time is the mean
/// of one batch; of all runs the one with the smallest middle is kept.
pub fn questions<Q>(questions: &[Q], mut ask: impl FnMut(&[Q])) -> Times {
    best(|| {
        let times = questions.chunks_exact(BATCH).map(|batch| {
            let start = Instant::now();
            ask(batch);
            nanoseconds(start.elapsed()) / BATCH as f64
        });
        Times::of(times.collect())
    })
}

/// What single operations take that are timed by themselves: for what takes microseconds. Every run
/// does all of them in turn, and each says the nanoseconds it took.
pub fn operations(count: usize, mut operate: impl FnMut(usize) -> f64) -> Times {
    best(|| Times::of((0..count).map(&mut operate).collect()))
}

/// Where an operation begins that is timed by itself.
pub fn start() -> Instant {
    Instant::now()
}

/// Nanoseconds since it began.
pub fn since(start: Instant) -> f64 {
    nanoseconds(start.elapsed())
}

/// Nanoseconds that one long operation takes: the best of all runs, and the worst of them. What it
/// returns is dropped after the clock was read.
pub fn whole<R>(mut operate: impl FnMut() -> R) -> Times {
    let times: Vec<f64> = runs()
        .map(|()| {
            let start = Instant::now();
            let result = operate();
            let time = nanoseconds(start.elapsed());
            drop(std::hint::black_box(result));
            time
        })
        .collect();
    Times {
        p50: times.iter().copied().fold(f64::INFINITY, f64::min),
        p99: times.iter().copied().fold(0.0, f64::max),
    }
}

/// Nanoseconds that an operation takes which can be done only once.
pub fn once(operate: impl FnOnce()) -> Times {
    let start = Instant::now();
    operate();
    let time = nanoseconds(start.elapsed());
    Times { p50: time, p99: time }
}

fn best(mut run: impl FnMut() -> Times) -> Times {
    let times = runs().map(|()| run());
    times.min_by(|a, b| a.p50.total_cmp(&b.p50)).expect("there is a run")
}

/// One item a run.
fn runs() -> impl Iterator<Item = ()> {
    let start = Instant::now();
    (0..RUNS).take_while(move |run| *run == 0 || start.elapsed() < BUDGET).map(|_| ())
}

/// A duration in nanoseconds.
pub fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times = Times::of((0..=100).rev().map(f64::from).collect());
        assert_eq!(times, Times { p50: 50.0, p99: 99.0 });
        assert_eq!(Times::of(vec![3.0]), Times { p50: 3.0, p99: 3.0 });
        assert_eq!(times.per(10.0), Times { p50: 5.0, p99: 9.9 });
    }

    #[test]
    fn every_batch_is_asked_in_every_run() {
        let mut asked = 0;
        questions(&[0; 2 * BATCH], |batch| asked += batch.len());
        assert_eq!(asked, 2 * BATCH * RUNS);
        let mut runs = 0;
        whole(|| runs += 1);
        assert_eq!(runs, RUNS);
    }
}
