"""Certificates for ACM."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_LOOPBACK = x509.IPAddress(IPv4Address("127.0.0.1"))


def issued(*hosts: str) -> tuple[bytes, bytes]:
    """A certificate of hosts that was signed elsewhere, which ACM takes as issued, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fraud.acme.test")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([_LOOPBACK, *map(x509.DNSName, hosts)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return (
        signed.public_bytes(encoding),
        key.private_bytes(encoding, traditional, plain),
    )
