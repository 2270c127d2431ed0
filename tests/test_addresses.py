"""addresses.py: where phones can reach this computer."""

import ipaddress
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import ifaddr
import pytest

from voting.addresses import join_url, qr_svg, qr_text, reachable

WIFI, CABLE = ("wlan0", "192.168.1.7"), ("eth0", "10.0.0.7")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The interfaces that this computer seems to have; the test fills them in."""
    interfaces: list[tuple[str, str]] = []

    def adapters() -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                name=name,
                nice_name=name,
                ips=[SimpleNamespace(ip=ip, is_IPv4="." in ip)],
            )
            for name, ip in interfaces
        ]

    monkeypatch.setattr(ifaddr, "get_adapters", adapters)
    return interfaces


# Which addresses


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "169.254.7.7", "0.0.0.0"])
def test_an_address_that_no_phone_can_reach_is_left_out(address: str) -> None:
    """Loopback, self-assigned and unspecified addresses never go onto a QR code."""
    assert reachable([("en0", address), WIFI]) == [WIFI[1]]


VIRTUAL = ["docker0", "br-1234", "veth12", "virbr0", "vmnet8", "vboxnet0", "tun0", "tap0", "utun3"]


@pytest.mark.parametrize("name", [*VIRTUAL, "wg0", "ztabc", "vEthernet (WSL)"])
def test_a_virtual_network_goes_last(name: str) -> None:
    """Behind a virtual machine's or a VPN's interface there are no phones: it is the last guess."""
    assert reachable([(name, "10.9.9.9"), WIFI]) == [WIFI[1], "10.9.9.9"]
    assert reachable([(name, "10.9.9.9")]) == ["10.9.9.9"]


def test_a_private_address_goes_before_a_public_one() -> None:
    """The room's own network is where the phones are."""
    assert reachable([("eth0", "8.8.4.4"), WIFI]) == [WIFI[1], "8.8.4.4"]


def test_equals_keep_their_order() -> None:
    """Among equally likely interfaces the system's order decides, each time in the same way."""
    assert reachable([CABLE, WIFI]) == [CABLE[1], WIFI[1]]
    assert reachable([WIFI, CABLE]) == [WIFI[1], CABLE[1]]


def test_without_a_network_there_is_no_address() -> None:
    """Nothing is made up."""
    assert reachable([]) == []


def test_this_computers_own_addresses_can_be_read() -> None:
    """Against the real interfaces: whatever there is, loopback is not among it."""
    found = [ipaddress.ip_address(text) for text in reachable()]
    assert not any(address.is_loopback or address.is_link_local for address in found)


# The address for phones


def test_a_public_url_wins(network: list[tuple[str, str]]) -> None:
    """Who configures an address gets it, without a slash at its end."""
    network.append(WIFI)
    assert join_url("https://vote.example.org/", "10.0.0.7", 5000) == "https://vote.example.org"


def test_a_host_that_names_an_interface_is_the_address(network: list[tuple[str, str]]) -> None:
    """Listening on one address only means that phones must use it."""
    network.append(WIFI)
    assert join_url("", "10.0.0.9", 5001) == "http://10.0.0.9:5001"
    assert join_url("", "fd00::7", 5001) == "http://[fd00::7]:5001"
    assert join_url("", "vote.local", 5001) == "http://vote.local:5001"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_a_host_that_means_all_is_the_likeliest_interface(
    network: list[tuple[str, str]], host: str
) -> None:
    """Listening everywhere, phones get the address of the room's network."""
    network += [("lo", "127.0.0.1"), ("tun0", "10.9.9.9"), WIFI, ("wlan0", "fe80::1")]
    assert join_url("", host, 5000) == "http://192.168.1.7:5000"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_for_this_computer_alone_has_no_address_for_phones(
    network: list[tuple[str, str]], host: str
) -> None:
    """Nothing is shown that would not work."""
    network.append(WIFI)
    assert join_url("", host, 5000) is None


def test_a_network_that_comes_later_is_found(network: list[tuple[str, str]]) -> None:
    """The interfaces are read anew each time: joining a Wi-Fi after the start is enough."""
    assert join_url("", "0.0.0.0", 5000) is None
    network.append(WIFI)
    assert join_url("", "0.0.0.0", 5000) == "http://192.168.1.7:5000"


# The QR code


def svg(url: str) -> ElementTree.Element:
    return ElementTree.fromstring(qr_svg(url))


def test_a_qr_code_is_a_scalable_picture_with_a_quiet_zone() -> None:
    """SVG without a fixed size, dark on white, four white modules on every side."""
    picture = svg("http://192.168.1.7:5000")
    assert picture.tag.endswith("svg")
    assert "width" not in picture.attrib
    side = float(picture.attrib["viewBox"].split()[2])
    white, black = picture.findall("{*}path")
    assert white.attrib["fill"] == "#fff"
    assert black.attrib["stroke"] == "#000"
    assert black.attrib["d"].startswith("M4 4.5h7")  # the corner's eye, behind four modules
    assert (side - 8 - 17) % 4 == 0  # a QR code has 17 + 4 × version modules


def test_other_addresses_are_other_codes() -> None:
    """The picture says the address, and says the same each time."""
    assert qr_svg("http://10.0.0.7:5000") == qr_svg("http://10.0.0.7:5000")
    assert qr_svg("http://10.0.0.7:5000") != qr_svg("http://10.0.0.8:5000")


def test_a_terminals_code_and_a_pages_code_are_the_same_size() -> None:
    """Two rows of modules share a line of text, and every line is as long as the code is wide."""
    url = "http://192.168.1.7:5000"
    side = int(float(svg(url).attrib["viewBox"].split()[2]))
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in qr_text(url).splitlines()]
    lines = [line for line in lines if line]
    assert {len(line) for line in lines} == {side}
    assert (side + 1) // 2 - len(lines) in (0, 1)
    assert set("".join(lines)) <= set(" ▀▄█")
