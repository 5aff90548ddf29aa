//! Finding the rank of a tensor again.

/// Does something with the value behind an `Any` if it is a `Param`, a `Place` (`Option<Param>`) or a
/// `Tensor` of one to eight axes, and returns.
macro_rules! of_rank {
    ($any:expr, $downcast:ident, Param, $kind:ty, $found:ident => $action:expr) => {
        of_rank!(@ $any, $downcast, $found => $action; [Param<Tensor<1, $kind>>]
            [Param<Tensor<2, $kind>>] [Param<Tensor<3, $kind>>] [Param<Tensor<4, $kind>>]
            [Param<Tensor<5, $kind>>] [Param<Tensor<6, $kind>>] [Param<Tensor<7, $kind>>]
            [Param<Tensor<8, $kind>>])
    };
    ($any:expr, $downcast:ident, Place, $kind:ty, $found:ident => $action:expr) => {
        of_rank!(@ $any, $downcast, $found => $action; [Option<Param<Tensor<1, $kind>>>]
            [Option<Param<Tensor<2, $kind>>>] [Option<Param<Tensor<3, $kind>>>]
            [Option<Param<Tensor<4, $kind>>>] [Option<Param<Tensor<5, $kind>>>]
            [Option<Param<Tensor<6, $kind>>>] [Option<Param<Tensor<7, $kind>>>]
            [Option<Param<Tensor<8, $kind>>>])
    };
    ($any:expr, $downcast:ident, Tensor, $kind:ty, $found:ident => $action:expr) => {
        of_rank!(@ $any, $downcast, $found => $action; [Tensor<1, $kind>] [Tensor<2, $kind>]
            [Tensor<3, $kind>] [Tensor<4, $kind>] [Tensor<5, $kind>] [Tensor<6, $kind>]
            [Tensor<7, $kind>] [Tensor<8, $kind>])
    };
    (@ $any:expr, $downcast:ident, $found:ident => $action:expr; $([$type:ty])*) => {
        $(if let Some($found) = $any.$downcast::<$type>() {
            $action;
            return;
        })*
    };
}

pub(super) use of_rank;

/// Says that a parameter has too many axes.
#[expect(clippy::panic, reason = "Burn's traits have no errors, and one passed over would be lost")]
pub(super) fn beyond() -> ! {
    panic!("a parameter of a network outside the zoo has more than eight axes")
}
