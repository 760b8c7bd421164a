//! The widest vectors of the machine for the loops that the compiler vectorises.
//!
//! The program is built for any x86-64, whose vectors hold four numbers. The bits do not depend on the width: the
//! compiler neither reorders sums nor fuses multiplications into additions by itself.

/// Runs the loops of a closure compiled for the instructions that this machine has.
///
/// A macro, for only what is inlined gets them, and the compiler does not inline long closures by itself.
macro_rules! vectorised {
    (|| $loops:expr) => {
        $crate::neural::simd::dispatch(
            #[inline(always)]
            || $loops,
        )
    };
}

pub(crate) use vectorised;

/// See [`vectorised`].
pub(crate) fn dispatch<T>(loops: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(loops)
}
