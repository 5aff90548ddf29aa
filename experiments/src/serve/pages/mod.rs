//! HTML pages.

mod follow;
mod frame;
mod list;
mod playground;

pub(super) use follow::follow;
pub(super) use frame::address;
pub(super) use list::list;
pub(super) use playground::playground;
