//! The checks, one file each, with their tests.

mod allow_all;
mod dns_udp_only;
mod empty_peers;
mod every_protocol;
mod log_only;
mod metadata_service;
mod no_dns;
mod open_to_everyone;
mod return_traffic;

use crate::found::Check;

/// Every check, in the order in which they run: those that take back what others told are last.
pub(crate) const ALL: &[&Check] = &[
    &allow_all::CHECK,
    &dns_udp_only::CHECK,
    &empty_peers::CHECK,
    &every_protocol::CHECK,
    &log_only::CHECK,
    &metadata_service::CHECK,
    &no_dns::CHECK,
    &open_to_everyone::CHECK,
    &return_traffic::CHECK,
];
