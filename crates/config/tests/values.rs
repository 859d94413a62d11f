//! Sizes, durations, networks: reading undoes printing, and wrong forms are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use slipway_config::{
    ByteSize, IpNetwork, IpNetworkError, Secret, parse_duration, render_duration,
};

proptest! {
    #[test]
    fn a_printed_size_reads_back(bytes in any::<u64>(), shift in 0_u32..60) {
        let size = ByteSize::from_bytes(bytes >> shift << (shift / 2));
        prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
    }

    #[test]
    fn a_bare_number_is_bytes(bytes in any::<u64>()) {
        prop_assert_eq!(bytes.to_string().parse(), Ok(ByteSize::from_bytes(bytes)));
    }

    #[test]
    fn a_size_goes_through_json(bytes in any::<u64>()) {
        let size = ByteSize::from_bytes(bytes);
        let text = serde_json::to_string(&size).unwrap();
        prop_assert_eq!(serde_json::from_str::<ByteSize>(&text).unwrap(), size);
        prop_assert_eq!(serde_json::from_str::<ByteSize>(&bytes.to_string()).unwrap(), size);
    }

    #[test]
    fn a_printed_duration_reads_back(seconds in any::<u64>(), nanoseconds in 0_u32..1_000_000_000) {
        let duration = Duration::new(seconds, nanoseconds);
        prop_assert_eq!(parse_duration(&render_duration(duration)), Ok(duration));
        let whole = Duration::from_secs(seconds);
        prop_assert_eq!(parse_duration(&render_duration(whole)), Ok(whole));
        prop_assert_eq!(parse_duration(&seconds.to_string()), Ok(whole));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,24}") {
        if let Ok(size) = text.parse::<ByteSize>() {
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
        if let Ok(duration) = parse_duration(&text) {
            prop_assert_eq!(parse_duration(&render_duration(duration)), Ok(duration));
        }
        if let Ok(network) = text.parse::<IpNetwork>() {
            prop_assert!(network.contains(network.addr()));
        }
    }

    #[test]
    fn an_ipv4_network_contains_what_shares_its_prefix(
        base in any::<u32>(), other in any::<u32>(), prefix in 0_u8..=32,
    ) {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let network: IpNetwork =
            format!("{}/{prefix}", Ipv4Addr::from(base & mask)).parse().unwrap();
        let address = Ipv4Addr::from(other);
        prop_assert_eq!(network.contains(address.into()), other & mask == base & mask);
        prop_assert_eq!(network.contains(address.to_ipv6_mapped().into()), other & mask == base & mask);
        prop_assert_eq!(network.to_string().parse::<IpNetwork>(), Ok(network));
    }

    #[test]
    fn an_ipv6_network_contains_what_shares_its_prefix(
        base in any::<u128>(), flipped_bit in 0_u32..128, prefix in 0_u8..=128,
    ) {
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        // 2000::/3 keeps clear of addresses that carry an IPv4 address
        let inside = base | 1 << 125;
        let network: IpNetwork =
            format!("{}/{prefix}", Ipv6Addr::from(inside & mask)).parse().unwrap();
        let neighbour = inside ^ (1 << (127 - flipped_bit));
        let shares = flipped_bit >= u32::from(prefix);
        let is_mapped = IpAddr::from(Ipv6Addr::from(neighbour)).to_canonical().is_ipv4();
        prop_assert_eq!(network.contains(Ipv6Addr::from(neighbour).into()), shares && !is_mapped);
    }
}

#[test]
fn sizes_are_read_in_powers_of_1024_and_1000() {
    let cases: [(&str, u64); 8] = [
        ("0", 0),
        ("4 MiB", 4 << 20),
        ("4mib", 4 << 20),
        ("64Ki", 64 << 10),
        ("20G", 20_000_000_000),
        ("20 GB", 20_000_000_000),
        (" 7 B ", 7),
        ("1 PiB", 1 << 50),
    ];
    for (text, bytes) in cases {
        assert_eq!(text.parse(), Ok(ByteSize::from_bytes(bytes)), "{text}");
    }
    for text in [
        "",
        " ",
        "MiB",
        "-1",
        "1.5 GiB",
        "4 XiB",
        "4 MiB 3",
        "18446744073709551616",
        "99999 PiB",
    ] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn durations_are_read_with_units() {
    let cases = [
        ("0", 0),
        ("30s", 30_000),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("2w", 1_209_600_000),
        ("1d", 86_400_000),
        ("250ms", 250),
    ];
    for (text, milliseconds) in cases {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_millis(milliseconds)),
            "{text}"
        );
    }
    for text in [
        "",
        " ",
        "s",
        "-5s",
        "5x",
        "1.5h",
        "5m3",
        "99999999999999999999w",
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
    assert_eq!(render_duration(Duration::from_secs(5400)), "90m");
    assert_eq!(render_duration(Duration::ZERO), "0s");
}

#[test]
fn networks_are_read_strictly() {
    let loopback: IpNetwork = "127.0.0.1".parse().unwrap();
    assert_eq!(loopback.prefix(), 32);
    assert!(!loopback.contains("127.0.0.2".parse().unwrap()));
    assert!(
        !"0.0.0.0/0"
            .parse::<IpNetwork>()
            .unwrap()
            .contains("::1".parse().unwrap())
    );
    assert!(
        "::/0"
            .parse::<IpNetwork>()
            .unwrap()
            .contains("fe80::1".parse().unwrap())
    );
    for text in [
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0.0/8",
        "host/8",
    ] {
        assert!(
            matches!(text.parse::<IpNetwork>(), Err(IpNetworkError::Form(_))),
            "{text}"
        );
    }
    let refusal = "10.0.0.5/8".parse::<IpNetwork>().unwrap_err();
    assert!(
        refusal
            .to_string()
            .ends_with("the network would be `10.0.0.0/8`"),
        "{refusal}"
    );
}

#[test]
fn a_secret_prints_as_stars() {
    let secret = Secret::new("hunter2".to_owned());

    assert_eq!(
        format!("{secret} {secret:?} {:?}", Some(&secret)),
        "*** *** Some(***)"
    );
    assert_eq!(secret.reveal(), "hunter2");
}
