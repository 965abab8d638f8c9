"""Which server block answers a name."""
from client import ask_tcp, ask_udp, expect
from server import Server

BLOCKS = """example.org:{PORT} a.b.example.org:{PORT} {
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
}
b.example.org:{PORT} {
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.2"
    }
}
example.org:{PORT2} {
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.3"
    }
}
.:{PORT2} {
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.4"
    }
}
10.1.0.0/16:{PORT} {
    template IN PTR {
        answer "{{ .Name }} 60 IN PTR ten.example."
    }
}
"""
# port, name, type, rcode, answer
ASKED = [
    ("PORT", "example.org", "A", "NOERROR", ["192.0.2.1"]),
    ("PORT", "WWW.Example.ORG", "A", "NOERROR", ["192.0.2.1"]),
    ("PORT", "b.example.org", "A", "NOERROR", ["192.0.2.2"]),
    ("PORT", "x.y.b.example.org", "A", "NOERROR", ["192.0.2.2"]),
    ("PORT", "a.b.example.org", "A", "NOERROR", ["192.0.2.1"]),
    ("PORT", "z.a.b.example.org", "A", "NOERROR", ["192.0.2.1"]),
    ("PORT", "xb.example.org", "A", "NOERROR", ["192.0.2.1"]),
    ("PORT", "notexample.org", "A", "REFUSED", []),
    ("PORT", "org", "A", "REFUSED", []),
    ("PORT", ".", "A", "REFUSED", []),
    ("PORT", "9.8.1.10.in-addr.arpa", "PTR", "NOERROR", ["ten.example."]),
    ("PORT", "9.8.2.10.in-addr.arpa", "PTR", "REFUSED", []),
    ("PORT2", "b.example.org", "A", "NOERROR", ["192.0.2.3"]),
    ("PORT2", "notexample.org", "A", "NOERROR", ["192.0.2.4"]),
    ("PORT2", ".", "A", "NOERROR", ["192.0.2.4"]),
]


def the_longest_suffix_answers(binary):
    with Server(binary, BLOCKS) as server:
        server.listening()
        for port, name, kind, rcode, answer in ASKED:
            number = server.ports[port]
            expect(ask_udp(server, name, kind, port=number)[:2], (rcode, answer), f"{name} {kind} on {port}")
            expect(ask_tcp(server, name, kind, port=number), (rcode, answer), f"{name} {kind} on {port} over TCP")


def a_thousand_zones_are_served(binary):
    blocks = [f"""zone-{number}.example:{{PORT}} {{
    hosts {{
        198.51.{number // 250}.{number % 250 + 1} www.zone-{number}.example
    }}
}}
""" for number in range(1000)]
    with Server(binary, "".join(blocks)) as server:
        server.listening()
        for number in range(0, 1000, 7):
            expect(server.ask(f"www.zone-{number}.example"),
                   ("NOERROR", [f"198.51.{number // 250}.{number % 250 + 1}"]), f"zone {number}")
        expect(server.ask("www.zone-1000.example"), ("REFUSED", []), "a zone that is not served")


CASES = [the_longest_suffix_answers, a_thousand_zones_are_served]
