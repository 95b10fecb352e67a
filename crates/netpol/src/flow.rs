//! The flow that is asked about, and what may be left open in it.

use std::net::IpAddr;

use portcullis_core::{Family, Protocol, Ranges, net};
use smol_str::SmolStr;

use crate::model::{DomainPattern, EndpointId, PolicyId};

/// The first packet of a connection, after a service's address was replaced by an endpoint's.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The version of IP.
    pub family: Family,
    /// The protocol.
    pub protocol: Protocol,
    /// Where it comes from.
    pub from: Party,
    /// Where it goes.
    pub to: Party,
    /// The source port: every number it may be. Empty for protocols without ports.
    pub source_port: Ranges,
    /// The destination port; none for protocols without ports.
    pub port: Option<u16>,
    /// Type and code, for ICMP: elsewhere in memory, as few flows have them and all would be longer.
    pub icmp: Option<Box<Icmp>>,
}

/// Type and code of an ICMP message: every number each may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// The type.
    pub kind: Ranges,
    /// The code.
    pub code: Ranges,
}

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The endpoint it is, if it is one.
    pub endpoint: Option<EndpointId>,
    /// Its address: every number of the flow's family it may be.
    pub addresses: Ranges,
    /// The DNS name it was asked for by. Such an end is taken to be outside the cluster.
    pub domain: Option<SmolStr>,
}

impl Party {
    /// An address that is known.
    pub fn at(address: IpAddr) -> Self {
        Self { endpoint: None, addresses: Ranges::one(net::number(address)), domain: None }
    }

    /// Somewhere among these addresses.
    pub fn somewhere(addresses: Ranges) -> Self {
        Self { endpoint: None, addresses, domain: None }
    }

    /// The same, being this endpoint.
    pub fn endpoint(self, endpoint: EndpointId) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }
}

/// Something that is true or false and that nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// A name that this pattern stands for resolves to the destination's address.
    Resolves(DomainPattern),
    /// A doubtful policy is in force.
    PolicyInForce(PolicyId),
    /// The doubtful network set (an index into the sets) holds the address of that end.
    SetHolds(usize, End),
    /// A policy of another engine (an index into the foreign ones) decides.
    ForeignDecides(usize),
}

/// One of the two ends of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Where it comes from.
    Source,
    /// Where it goes.
    Destination,
}

/// What must be known before a rule can be judged. Ranges split an open number in two: inside and
/// outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Whether an end's address is among these.
    Address(End, Ranges),
    /// Whether the source port is among these.
    SourcePort(Ranges),
    /// Whether the ICMP type is among these.
    IcmpType(Ranges),
    /// Whether the ICMP code is among these.
    IcmpCode(Ranges),
    /// Whether this is so.
    Fact(Fact),
}
