//! The widest vectors of the machine for the loops that the compiler vectorises.
//!
//! The program is built for any x86-64, whose vectors hold four numbers. The bits do not depend on the width: the
//! compiler neither reorders sums nor fuses multiplications into additions by itself.

/// Runs `loops` compiled for the instructions that this machine has.
pub(crate) fn vectorised<T>(loops: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(loops)
}
