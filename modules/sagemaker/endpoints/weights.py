"""Traffic weights that AWS keeps exactly."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from fractions import Fraction


def exact_weights(weights: Sequence[float]) -> list[int | float]:
    """Weights with the same ratios that survive AWS's 32-bit numbers.

    Those that do are left as they are; others, such as 0.8 and 0.2, become small integers.
    """
    if all(struct.unpack("f", struct.pack("f", weight))[0] == weight for weight in weights):
        return [int(weight) if weight == int(weight) else weight for weight in weights]
    fractions = [Fraction(str(weight)) for weight in weights]
    scale = math.lcm(*(fraction.denominator for fraction in fractions))
    integers = [int(fraction * scale) for fraction in fractions]
    divisor = math.gcd(*integers)
    return [integer // divisor for integer in integers]


def weights_fit(weights: Sequence[float]) -> bool:
    return all(weight <= 2**24 for weight in exact_weights(weights))
