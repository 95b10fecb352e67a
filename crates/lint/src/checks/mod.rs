//! The checks, one file each, with their tests.

mod account_as_user;
mod account_elsewhere;
mod account_group;
mod account_missing;
mod alert_action;
mod alert_lookback;
mod alert_set_name;
mod alert_template;
mod allow_all;
mod anonymous;
mod authenticated;
mod backing_reads;
mod backing_resources;
mod bare_domain;
mod binds_cluster_admin;
mod default_account;
mod differs_without_has;
mod dns_udp_only;
mod empty_peers;
mod enterprise_field;
mod equal_order;
mod every_protocol;
mod failsafe_missing;
mod forwarded_denied;
mod grants_nothing;
mod host_shut;
mod http_match;
mod ineffective_rule;
mod interleaved;
mod isolates_everything;
mod isolates_too;
mod label_unknown;
mod last_tier_passes;
mod log_only;
mod lost_layout;
mod metadata_service;
mod missing_mark;
mod named_port;
mod no_dns;
mod no_order;
mod one_family;
mod one_sided;
mod only_host_network;
mod open_to_everyone;
mod peer_in_any_namespace;
mod peer_selects_nothing;
mod privileged_group;
mod removed_version;
mod return_traffic;
mod role_missing;
mod rules_never_asked;
mod selector_and_nets;
mod selects_hosts;
mod selects_nothing;
mod set_label;
mod set_or_pod;
mod source_behind_service;
mod staged_beside;
mod strong_daemon;
mod strong_token;
mod tier_end;
mod tier_prefix;
mod tier_rights;
mod tier_without_order;
mod token_secret;
mod tool_verbs;
mod types_omitted;
mod unresolved_variable;
mod untracked_everywhere;

use crate::found::Check;

/// Every check, in the order in which they run: those that take back what others told are last.
pub(crate) const ALL: &[&Check] = &[
    &account_as_user::CHECK,
    &account_elsewhere::CHECK,
    &account_group::CHECK,
    &account_missing::CHECK,
    &alert_action::CHECK,
    &alert_lookback::CHECK,
    &alert_set_name::CHECK,
    &alert_template::CHECK,
    &allow_all::CHECK,
    &anonymous::CHECK,
    &authenticated::CHECK,
    &backing_reads::CHECK,
    &backing_resources::CHECK,
    &bare_domain::CHECK,
    &binds_cluster_admin::CHECK,
    &default_account::CHECK,
    &differs_without_has::CHECK,
    &dns_udp_only::CHECK,
    &empty_peers::CHECK,
    &enterprise_field::CHECK,
    &equal_order::CHECK,
    &every_protocol::CHECK,
    &failsafe_missing::CHECK,
    &forwarded_denied::CHECK,
    &grants_nothing::CHECK,
    &host_shut::CHECK,
    &http_match::CHECK,
    &ineffective_rule::CHECK,
    &interleaved::CHECK,
    &isolates_everything::CHECK,
    &isolates_too::CHECK,
    &label_unknown::CHECK,
    &last_tier_passes::CHECK,
    &log_only::CHECK,
    &metadata_service::CHECK,
    &named_port::CHECK,
    &no_dns::CHECK,
    &no_order::CHECK,
    &one_family::CHECK,
    &one_sided::CHECK,
    &only_host_network::CHECK,
    &open_to_everyone::CHECK,
    &peer_in_any_namespace::CHECK,
    &peer_selects_nothing::CHECK,
    &privileged_group::CHECK,
    &return_traffic::CHECK,
    &role_missing::CHECK,
    &rules_never_asked::CHECK,
    &selector_and_nets::CHECK,
    &selects_hosts::CHECK,
    &selects_nothing::CHECK,
    &set_label::CHECK,
    &set_or_pod::CHECK,
    &source_behind_service::CHECK,
    &staged_beside::CHECK,
    &strong_daemon::CHECK,
    &strong_token::CHECK,
    &tier_end::CHECK,
    &tier_prefix::CHECK,
    &tier_rights::CHECK,
    &tier_without_order::CHECK,
    &token_secret::CHECK,
    &tool_verbs::CHECK,
    &types_omitted::CHECK,
    &unresolved_variable::CHECK,
    &untracked_everywhere::CHECK,
    &missing_mark::CHECK,
    &removed_version::CHECK,
    &lost_layout::CHECK,
];
