"""Blocking keys: short texts of which a person's two records share at least one, and few others do.

Each key joins two fields, so that a slip in any one, or a field left out, leaves others. Pure.
"""

from __future__ import annotations

from customers.comparable import Comparable

#: Consonants that are heard alike, after Russell's Soundex (US patent 1,261,167, 1918).
_SOUNDS = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}


def match_keys(of: Comparable) -> tuple[str, ...]:
    """The keys of a record, each once, in a fixed order; none where it says too little."""
    born, given, surname = of.birth_date, of.given_name, of.surname
    keys: list[str] = []
    if given and surname:
        # Sorted, so that names in each other's place meet.
        keys.append("names:" + "+".join(sorted((sound(given), sound(surname)))))
        keys.append("first:" + "+".join(sorted((given[:4], surname[:4]))))
    if born:
        keys.append(f"born:{born}")
    for name in (given, surname):
        if name and born:
            keys.append(f"year:{sound(name)}+{born[:4]}")
            keys.append(f"day:{sound(name)}+{born[4:]}")
        if name and of.postcode:
            keys.append(f"code:{name[:4]}+{of.postcode}")
        if name and of.suburb:
            keys.append(f"place:{sound(name)}+{of.suburb[:6]}")
    if of.street and of.postcode:
        keys.append(f"street:{of.street[:9]}+{of.postcode}")
    if of.street and of.suburb:
        keys.append(f"road:{of.street[:9]}+{of.suburb[:4]}")
    if of.street and born:
        keys.append(f"home:{of.street[:6]}+{born[:4]}")
    return tuple(dict.fromkeys(keys))


def sound(name: str) -> str:
    """The first letter and up to three digits for the consonants after it, repeats once."""
    code, before = name[0], _SOUNDS.get(name[0])
    for letter in name[1:]:
        digit = _SOUNDS.get(letter)
        if digit is not None and digit != before:
            code += str(digit)
            if len(code) == 4:
                break
        if letter not in "hw":
            before = digit
    return code
