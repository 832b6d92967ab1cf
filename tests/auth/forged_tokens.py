"""Forged access tokens: each differs from a valid one in one respect.

Except for those with a wrong signature, they are signed with the secret of the app.
"""

from tests.auth.token_signing import (
    OTHER_SECRET,
    SECRET,
    Forgery,
    json_with_spaces,
    key_id,
    non_canonical,
    omit,
    part,
    sign,
    token,
    unsigned,
    with_claims,
    with_header,
    with_header_members,
    with_payload,
    with_time,
    with_type,
    without,
)

CLAIMS = ["iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"]
TEXTS = ["iss", "aud", "sub", "sid", "jti", "type"]
NUMBERS = ["iat", "exp"]
DEEP = b"[" * 3000
HUGE = 10**20

SIGNATURES: dict[str, Forgery] = {
    "no-signature": lambda valid: ".".join(valid.parts[:2]) + ".",
    "another-key": lambda valid: token(valid.header, valid.claims, OTHER_SECRET),
    "another-key-under-its-own-kid": lambda valid: token(
        valid.header | {"kid": key_id(OTHER_SECRET)}, valid.claims, OTHER_SECRET
    ),
    "empty-key": lambda valid: token(valid.header, valid.claims, ""),
    "key-id-as-key": lambda valid: token(valid.header, valid.claims, key_id(SECRET)),
    "signature-of-another-token": lambda valid: ".".join(
        [*valid.parts[:2], valid.other_kind.split(".")[2]]
    ),
    "signature-truncated": lambda valid: valid.text[:-4],
    "signature-doubled": lambda valid: valid.text + valid.parts[2],
    "payload-changed-after-signing": lambda valid: ".".join(
        [valid.parts[0], part(valid.claims | {"jti": "x"}), valid.parts[2]]
    ),
    "header-encoded-again-after-signing": lambda valid: ".".join(
        [part(json_with_spaces(valid.header) + b" "), *valid.parts[1:]]
    ),
}

HEADERS: dict[str, Forgery] = {
    "alg-none": unsigned(alg="none"),
    "alg-None": unsigned(alg="None"),
    "alg-empty": unsigned(alg=""),
    "alg-none-and-signed": with_header_members(alg="none"),
    "alg-lower-case": with_header_members(alg="hs256"),
    "alg-HS384": with_header_members(alg="HS384", digest="sha384"),
    "alg-HS512": with_header_members(alg="HS512", digest="sha512"),
    "alg-HS384-of-SHA-256": with_header_members(alg="HS384"),
    "alg-HS256-of-SHA-512": with_header_members(digest="sha512"),
    "alg-RS256": with_header_members(alg="RS256"),
    "alg-ES256": with_header_members(alg="ES256"),
    "alg-null": with_header_members(alg=None),
    "alg-list": with_header_members(alg=["HS256"]),
    "alg-missing": lambda valid: token(omit(valid.header, "alg"), valid.claims),
    "kid-missing": lambda valid: token(omit(valid.header, "kid"), valid.claims),
    "kid-unknown": with_header_members(kid="00000000"),
    "kid-empty": with_header_members(kid=""),
    "kid-null": with_header_members(kid=None),
    "kid-number": with_header_members(kid=7),
    "kid-list": with_header_members(kid=[key_id(SECRET)]),
    "kid-object": with_header_members(kid={}),
    "kid-upper-case": with_header_members(kid=key_id(SECRET).upper()),
    "kid-path": with_header_members(kid="../../dev/null"),
    "typ-missing": lambda valid: token(omit(valid.header, "typ"), valid.claims),
    "typ-lower-case": with_header_members(typ="jwt"),
    "typ-other": with_header_members(typ="at+jwt"),
    "typ-list": with_header_members(typ=["JWT"]),
    "extra-crit": with_header_members(crit=["exp"]),
    "extra-crit-empty": with_header_members(crit=[]),
    "extra-jwk": with_header_members(jwk={"kty": "oct", "k": part(SECRET.encode())}),
    "extra-jku": with_header_members(jku="https://example.org/keys"),
    "extra-x5u": with_header_members(x5u="https://example.org/certificate"),
    "extra-zip": with_header_members(zip="DEF"),
    "extra-cty": with_header_members(cty="JWT"),
    "extra-b64": with_header_members(b64=False),
    "extra-unknown": with_header_members(note=""),
    "header-list": with_header([]),
    "header-text": with_header("HS256"),
    "header-null": with_header(None),
    "header-not-json": with_header(b"{"),
    "header-not-utf-8": with_header(b'{"alg":"\xff"}'),
    "header-deep": with_header(DEEP),
}

MISSING = {f"{name}-missing": without(name) for name in CLAIMS}
NULL = {f"{name}-null": with_claims(**{name: None}) for name in CLAIMS}
LISTS = {f"{name}-list": with_type(name, lambda value: [value]) for name in CLAIMS}
OBJECTS = {f"{name}-object": with_claims(**{name: {}}) for name in CLAIMS}
BOOLEANS = {f"{name}-true": with_claims(**{name: True}) for name in CLAIMS[:-1]}
EMPTY = {f"{name}-empty": with_claims(**{name: ""}) for name in CLAIMS}
LONG = {f"{name}-5000-characters": with_claims(**{name: "9" * 5000}) for name in CLAIMS}
NUMERIC = {f"{name}-number": with_claims(**{name: 7}) for name in TEXTS}
AS_TEXT = {f"{name}-as-text": with_type(name, str) for name in NUMBERS}
AS_FLOAT = {f"{name}-as-float": with_type(name, float) for name in NUMBERS}
BIG = {f"{name}-huge": with_claims(**{name: HUGE}) for name in NUMBERS}

SUBJECTS: dict[str, Forgery] = {
    "sub-word": with_claims(sub="abc"),
    "sub-zero": with_claims(sub="0"),
    "sub-negative": with_claims(sub="-1"),
    "sub-leading-zeros": with_type("sub", lambda sub: f"00{sub}"),
    "sub-plus": with_type("sub", lambda sub: f"+{sub}"),
    "sub-space": with_type("sub", lambda sub: f"{sub} "),
    "sub-newline": with_type("sub", lambda sub: f"{sub}\n"),
    "sub-underscore": with_claims(sub="1_0"),
    "sub-fraction": with_type("sub", lambda sub: f"{sub}.0"),
    "sub-30-digits": with_claims(sub="9" * 30),
    "sub-beyond-64-bits": with_claims(sub=str(2**63)),
    "sub-arabic-digit": with_claims(sub="٣"),
    "sub-fullwidth-digit": with_claims(sub="３"),  # noqa: RUF001 - tested on purpose
    "sub-nul": with_type("sub", lambda sub: f"{sub}\0"),
}

VALUES: dict[str, Forgery] = {
    "sid-of-a-row": with_claims(sid="1"),
    "sid-upper-case": with_type("sid", str.upper),
    "sid-nul": with_type("sid", lambda sid: f"{sid[:-1]}\0"),
    "jti-nul": with_claims(jti="\0"),
    "jti-surrogate": with_claims(jti="\ud800"),
    "iat-in-the-future": with_time("iat", 60),
    "nbf-in-the-future": with_time("nbf", 60),
    "exp-nan": with_claims(exp=float("nan")),
    "exp-infinite": with_claims(exp=float("inf")),
    "iss-other": with_claims(iss="someone"),
    "iss-longer": with_claims(iss="taskapi "),
    "iss-upper-case": with_claims(iss="TASKAPI"),
    "aud-other": with_claims(aud="someone"),
    "aud-shorter": with_claims(aud="task"),
    "aud-two": with_claims(aud=["taskapi", "someone"]),
    "type-refresh": with_claims(type="refresh"),
    "type-reset": with_claims(type="reset"),
    "type-upper-case": with_claims(type="Access"),
    "type-space": with_claims(type="access "),
    "refresh-token": lambda valid: valid.other_kind,
}

PAYLOADS: dict[str, Forgery] = {
    "payload-empty-object": with_payload({}),
    "payload-empty": with_payload(b""),
    "payload-list": with_payload([]),
    "payload-text": with_payload("access"),
    "payload-number": with_payload(1),
    "payload-null": with_payload(None),
    "payload-not-json": with_payload(b"{"),
    "payload-not-utf-8": with_payload(b"\xff\xfe"),
    "payload-deep": with_payload(DEEP),
    "payload-5000-digits": with_payload(b'{"exp":' + b"9" * 5000 + b"}"),
}

ENCODINGS: dict[str, Forgery] = {
    "padded": lambda valid: f"{valid.text}=",
    "padded-twice": lambda valid: f"{valid.text}==",
    "padded-header": lambda valid: sign(f"{valid.parts[0]}=.{valid.parts[1]}"),
    "padded-payload": lambda valid: sign(f"{valid.parts[0]}.{valid.parts[1]}="),
    "trailing-tab": lambda valid: f"{valid.text}\t",
    "trailing-newline": lambda valid: f"{valid.text}\n",
    "trailing-space": lambda valid: f"{valid.text} ",
    "trailing-dot": lambda valid: f"{valid.text}.",
    "trailing-comma": lambda valid: f"{valid.text},",
    "inner-newline": lambda valid: sign(f"{valid.parts[0]}.{valid.parts[1]}\n"),
    "inner-star": lambda valid: sign(f"{valid.parts[0]}*.{valid.parts[1]}"),
    "spare-bits-in-header": lambda valid: sign(
        f"{non_canonical(part(json_with_spaces(valid.header)))}.{valid.parts[1]}"
    ),
    "spare-bits-in-payload": lambda valid: sign(
        f"{valid.parts[0]}.{non_canonical(part(json_with_spaces(valid.claims)))}"
    ),
    "spare-bits-in-signature": lambda valid: ".".join(
        [*valid.parts[:2], non_canonical(valid.parts[2])]
    ),
    "standard-base64": lambda valid: sign(
        f"{valid.parts[0]}.{part(valid.claims | {'note': '???>>>'})}".replace("_", "/")
    ),
    "one-part": lambda valid: valid.parts[0],
    "two-parts": lambda valid: ".".join(valid.parts[:2]),
    "four-parts": lambda valid: f"{valid.text}.{valid.parts[2]}",
    "five-parts": lambda valid: f"{valid.text}.{valid.parts[1]}.{valid.parts[2]}",
    "empty-header": lambda valid: f".{valid.parts[1]}.{valid.parts[2]}",
    "empty-payload": lambda valid: f"{valid.parts[0]}..{valid.parts[2]}",
    "empty-parts": lambda _: "..",
    "word": lambda _: "null",
    "quoted": lambda valid: f'"{valid.text}"',
    "twice": lambda valid: f"{valid.text} {valid.text}",
    "bearer-twice": lambda valid: f"Bearer {valid.text}",
    "non-ascii": lambda valid: f"{valid.text}\xff",
    "non-ascii-within": lambda valid: f"\xe9{valid.text}",
    "nul": lambda valid: f"{valid.text}\0",
    "100-kB": lambda _: "A" * 100_000,
    "100-kB-in-three-parts": lambda valid: (
        f"{valid.parts[0]}.{'A' * 100_000}.{valid.parts[2]}"
    ),
    "50000-dots": lambda _: "." * 50_000,
}

FORGERIES: dict[str, Forgery] = {
    **SIGNATURES,
    **HEADERS,
    **MISSING,
    **NULL,
    **LISTS,
    **OBJECTS,
    **BOOLEANS,
    **EMPTY,
    **LONG,
    **NUMERIC,
    **AS_TEXT,
    **AS_FLOAT,
    **BIG,
    **SUBJECTS,
    **VALUES,
    **PAYLOADS,
    **ENCODINGS,
}

EXPIRED: dict[str, Forgery] = {
    "a-minute-ago": with_time("exp", -60),
    "beyond-the-leeway": with_time("exp", -11),
    "zero": with_claims(exp=0),
    "negative": with_claims(exp=-1),
    "true": with_claims(exp=True),
}

SESSIONLESS: dict[str, Forgery] = {
    "nonexistent-session": with_claims(sid="00000000-0000-4000-8000-000000000000"),
    "nonexistent-user": with_claims(sub=str(2**63 - 1)),
    "session-of-another": with_type("sub", lambda sub: str(int(sub) + 1)),
}

SAMPLE: dict[str, Forgery] = {
    "another-key": SIGNATURES["another-key"],
    "alg-none": HEADERS["alg-none"],
    "aud-other": VALUES["aud-other"],
    "other-kind": VALUES["refresh-token"],
    "padded": ENCODINGS["padded"],
}
