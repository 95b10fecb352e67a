//! The addresses and node ports of services, each of which there is only once.
//!
//! What a service holds stands under a key of its own, written and deleted in the same commit as the
//! service and under the condition that it was not there: two services never get the same, whoever asks.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use portcullis_core::Net;
use portcullis_kinds::Object;
use portcullis_kinds::service::{Held, InUse, Pools, Refusal, held, take, wanted};
use portcullis_store::{Condition, Snapshot, Write};

use crate::ask::Target;
use crate::backend::Backend;
use crate::gates::admitted::{Admitted, taken};
use crate::meta;
use crate::server::Server;
use crate::status::Status;

const ADDRESSES: &str = "/registry/ranges/serviceips/";
const PORTS: &str = "/registry/ranges/servicenodeports/";

/// What is written and deleted beside a service.
#[derive(Debug, Default)]
pub(crate) struct Allocation {
    taken: Vec<String>,
    released: Vec<String>,
    name: String,
}

impl<B: Backend> Server<B> {
    /// Gives a service what it asks for; nothing for other resources.
    pub(crate) fn allocated(
        &self,
        target: Target,
        object: &mut Object,
        old: Option<&Object>,
        view: &Snapshot,
    ) -> Result<Allocation, Status> {
        if !is_service(target) {
            return Ok(Allocation::default());
        }
        let pools = &self.behaviour.services;
        let there = |key: String| view.get(key.as_bytes()).is_some();
        let address = |address: IpAddr| there(format!("{ADDRESSES}{address}"));
        let port = |port: u16| there(format!("{PORTS}{port}"));
        let in_use = InUse { address: &address, port: &port };
        let mut draw = |bound: u64| self.random.below(bound);
        let asked = wanted(object, old);
        let newly =
            take(object, &asked, pools, &in_use, &mut draw).map_err(|refusal| match refusal {
                Refusal::Invalid(fault) => {
                    Status::invalid("", "Service", meta::name(object), &[*fault])
                }
                Refusal::Internal(why) => Status::internal(&why),
            })?;
        let now = keys(&held(object));
        let before = old.map(|old| keys(&held(old))).unwrap_or_default();
        Ok(Allocation {
            taken: keys(&newly),
            released: before.into_iter().filter(|key| !now.contains(key)).collect(),
            name: format!("{}/{}", meta::namespace(object), meta::name(object)),
        })
    }
}

impl Allocation {
    /// What a service that goes gives back.
    pub(crate) fn of_deleted(target: Target, old: &Object) -> Self {
        let released = if is_service(target) { keys(&held(old)) } else { Vec::new() };
        Self { released, ..Self::default() }
    }

    /// What a service holds that was made without asking.
    pub(crate) fn of_given(target: Target, object: &Object) -> Vec<Write> {
        let keys = if is_service(target) { keys(&held(object)) } else { Vec::new() };
        keys.iter().map(|key| taken(key, meta::name(object))).collect()
    }

    /// The change with what is taken and given back.
    pub(crate) fn beside(self, admitted: Admitted) -> Admitted {
        let admitted = self.taken.iter().fold(admitted, |admitted, key| {
            let absent = Condition::Absent(key.as_bytes().into());
            admitted.provided(absent).with(taken(key, &self.name))
        });
        self.released
            .iter()
            .fold(admitted, |admitted, key| admitted.with(Write::delete(key.as_bytes())))
    }
}

fn is_service(target: Target) -> bool {
    target.resource.plural == "services" && target.resource.group.is_empty()
}

fn keys(held: &Held) -> Vec<String> {
    let addresses = held.addresses.iter().map(|address| format!("{ADDRESSES}{address}"));
    addresses.chain(held.ports.iter().map(|port| format!("{PORTS}{port}"))).collect()
}

/// The pools of a configuration; none for a network of IPv6 addresses, which are not given out.
pub(crate) fn pools(network: &Net, ports: RangeInclusive<u16>) -> Option<Pools> {
    match network.first() {
        IpAddr::V4(first) => Some(Pools { network: (first, network.prefix_len()), ports }),
        IpAddr::V6(_) => None,
    }
}
