//! Under which names the server is reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use portcullis_core::Net;
use portcullis_identity::certificate::AlternativeNames;

/// How workloads in a cluster name the API.
const DNS: [&str; 5] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
];

/// The names and addresses of the serving certificate.
pub(super) fn of_server(listening: SocketAddr, services: &Net) -> AlternativeNames {
    let mut ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let listening = listening.ip();
    let own = if listening.is_unspecified() { towards_others(listening) } else { Some(listening) };
    for ip in [own, Some(first_service(services))].into_iter().flatten() {
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    let dns = DNS.map(str::to_owned).to_vec();
    AlternativeNames { dns, ips, ..AlternativeNames::default() }
}

/// The address of the service `kubernetes`: the first of the range.
pub(crate) fn first_service(services: &Net) -> IpAddr {
    match services.first() {
        IpAddr::V4(base) => Ipv4Addr::from_bits(base.to_bits().saturating_add(1)).into(),
        IpAddr::V6(base) => Ipv6Addr::from_bits(base.to_bits().saturating_add(1)).into(),
    }
}

/// Where a client on this machine finds the server.
pub(super) fn url(listening: SocketAddr) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("https://{}", SocketAddr::new(ip, listening.port()))
}

/// The address that others see when the server listens on all of them: the one packets to the outside
/// would come from. The target is an address of documentation (RFC 5737, RFC 3849), and to connect a
/// datagram socket sends nothing.
fn towards_others(unspecified: IpAddr) -> Option<IpAddr> {
    let target: IpAddr = match unspecified {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(unspecified, 0)).ok()?;
    socket.connect(SocketAddr::new(target, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_under_every_name_that_clients_use() {
        let check = |listening: &str, services: &str, want: &[&str]| {
            let listening = listening.parse().expect(listening);
            let names = of_server(listening, &services.parse().expect(services));
            assert_eq!(names.dns, DNS);
            let ips: Vec<_> = names.ips.iter().map(ToString::to_string).collect();
            assert_eq!(ips, want, "{listening}");
        };
        check("127.0.0.1:1", "10.0.0.0/24", &["127.0.0.1", "::1", "10.0.0.1"]);
        check("192.0.2.7:1", "10.96.0.0/12", &["127.0.0.1", "::1", "192.0.2.7", "10.96.0.1"]);
        check("[2001:db8::7]:1", "fd00::/108", &["127.0.0.1", "::1", "2001:db8::7", "fd00::1"]);
    }

    #[test]
    fn a_kubeconfig_leads_somewhere() {
        let check = |listening: &str, want: &str| {
            assert_eq!(url(listening.parse().expect(listening)), want);
        };
        check("127.0.0.1:6443", "https://127.0.0.1:6443");
        check("0.0.0.0:6443", "https://127.0.0.1:6443");
        check("[::]:6443", "https://[::1]:6443");
        check("192.0.2.7:443", "https://192.0.2.7:443");
    }
}
