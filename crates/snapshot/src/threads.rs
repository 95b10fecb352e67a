//! The same done to many things at once.

use std::thread;

/// Fewer things than this for each thread are not worth starting it.
const THINGS_A_THREAD_MIN: usize = 512;

/// How many threads there are at most: four keep two processors busy when one of them has other things
/// to do. How many processors there are is not asked, as that means to read files of the system.
const THREADS_MAX: usize = 4;

/// What `make` makes of each thing, in their order.
pub(crate) fn each<'a, T: Sync, R: Send>(
    things: &'a [T],
    make: impl Fn(&'a T) -> R + Sync,
) -> Vec<R> {
    let threads = THREADS_MAX.min(things.len() / THINGS_A_THREAD_MIN);
    if threads < 2 {
        return things.iter().map(make).collect();
    }
    let one_by_one = |part: &'a [T]| -> Vec<R> { part.iter().map(&make).collect() };
    let parts: Vec<&[T]> = things.chunks(things.len().div_ceil(threads)).collect();
    thread::scope(|scope| {
        let start = |part| thread::Builder::new().spawn_scoped(scope, move || one_by_one(part));
        let started: Vec<_> = parts.into_iter().map(|part| (part, start(part))).collect();
        let mut made = Vec::with_capacity(things.len());
        for (part, thread) in started {
            // A thread that cannot be had is done without.
            let part_made = thread.ok().and_then(|thread| thread.join().ok());
            made.extend(part_made.unwrap_or_else(|| one_by_one(part)));
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_things_come_out_in_the_order_in_which_they_went_in() {
        for count in [0, 1, THINGS_A_THREAD_MIN, 2 * THINGS_A_THREAD_MIN, 5_001] {
            let things: Vec<usize> = (0..count).collect();
            assert!(each(&things, |thing| thing + 1).into_iter().eq(1..=count), "{count}");
        }
    }
}
