"""Shapes of keys and tokens of providers: a fixed prefix, then so many characters of an alphabet.

Sources: the providers' documentation of their token formats and the formats they register for secret scanning. A shape
is found by its prefix: letters and digits up to the first `_`, `-` or `.`, or the first letters of a token, are looked
up by the lexer; the pattern is matched once, anchored there, and bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ALPHABETS = {
    "hex": "0-9a-f",
    "Hex": "0-9a-fA-F",
    "lower": "0-9a-z",
    "upper": "0-9A-Z",
    "alnum": "0-9A-Za-z",
    "url": "0-9A-Za-z_-",
    "dotted": "0-9A-Za-z_.-",
    "base64": "0-9A-Za-z+/=",
    "digits": "0-9",
    "uuid": "0-9a-f-",
}


@dataclass(frozen=True)
class KeyShape:
    """A provider's key: `prefix`, then `low` to `high` characters of `alphabet`, then perhaps more parts."""

    provider: str
    """Who issues it."""
    prefix: str
    """Its first characters."""
    alphabet: str
    """Name in `ALPHABETS`."""
    low: int
    """Fewest characters after the prefix."""
    high: int
    """Most characters after the prefix."""
    then: tuple[tuple[str, str, int, int], ...] = ()
    """Further parts: text between, alphabet, fewest, most."""

    def pattern(self) -> str:
        """Regular expression of the whole key."""
        out = f"{re.escape(self.prefix)}[{ALPHABETS[self.alphabet]}]{{{self.low},{self.high}}}"
        for between, alphabet, low, high in self.then:
            out += f"{re.escape(between)}[{ALPHABETS[alphabet]}]{{{low},{high}}}"
        last = self.then[-1][1] if self.then else self.alphabet
        return f"{out}(?![{ALPHABETS[last]}])"

    def word(self) -> str:
        """What the lexer looks up: letters and digits before the first sign, or the whole prefix."""
        return re.split(r"[_.-]", self.prefix, maxsplit=1)[0]

    def signed(self) -> bool:
        """Whether a sign ends the word, so that the sign wakes the lexer."""
        return len(self.word()) < len(self.prefix)


def _k(line: str) -> KeyShape:
    provider, prefix, alphabet, size, *rest = line.split()
    low, _, high = size.partition("-")
    parts = []
    for part in rest:
        between, kind, length = part.split("|")
        least, _, most = length.partition("-")
        parts.append((between, kind, int(least), int(most or least)))
    return KeyShape(provider, prefix, alphabet, int(low), int(high or low), tuple(parts))


_TABLE = """
    1password ops_ey url 100-600
    1password-key A3- upper 6 -|upper|6 -|upper|5 -|upper|5 -|upper|5 -|upper|5
    adafruit aio_ alnum 28
    adobe p8e- lower 32
    age AGE-SECRET-KEY-1 upper 58
    aikido AIK_SECRET_ alnum 64
    aikido-ci AIK_CI_ alnum 20-44
    airtable pat alnum 14 .|hex|64
    alibaba LTAI alnum 16-24
    amazon-bedrock ABSK base64 109-269
    amazon-mws amzn.mws. uuid 36
    anthropic sk-ant- url 80-140
    apify apify_api_ alnum 36
    atlassian ATATT3 dotted 100-250
    atlassian-bitbucket ATBB alnum 24-40
    atlassian-repository ATCTT3 dotted 100-250
    aws AKIA upper 16
    aws-bearer ABIA upper 16
    aws-context ACCA upper 16
    aws-session ASIA upper 16
    brave BSA url 24-40
    brevo xkeysib- hex 64 -|alnum|16
    brevo-smtp xsmtpsib- hex 64 -|alnum|16
    buildkite bkua_ hex 40
    canva cnvca url 51
    cashfree cfsk_ma_prod_ alnum 32-48
    cerebras csk- lower 48
    checkout sk_sbox_ lower 20-40
    circleci CCIPAT_ alnum 20-30 _|hex|40
    circleci-project CCIPRJ_ alnum 20-30 _|hex|40
    clickhouse 4b1d alnum 38
    clickup pk_ digits 8-9 _|upper|32
    clojars CLOJARS_ lower 60
    cloudflare-account cfat_ url 40-56
    cloudflare-global cfk_ url 40-56
    cloudflare-user cfut_ url 40-56
    cockroach CCDB1_ alnum 22 _|alnum|40
    contentful CFPAT- url 43
    crates cio alnum 32
    cursor key_ hex 64
    databricks dapi hex 32-34
    deepseek sk- hex 32
    defined-networking dnkey- upper 26 -|upper|52
    deno ddp_ alnum 36
    devin cog_ lower 52
    devin-user apk_ base64 80-180
    digitalocean dop_v1_ hex 64
    digitalocean-oauth doo_v1_ hex 64
    digitalocean-refresh dor_v1_ hex 64
    discord-bot mfa. url 20-100
    docker dckr_pat_ url 27-36
    docker-organisation dckr_oat_ url 27-36
    doppler dp.pt. alnum 40-44
    doppler-service dp.st. dotted 40-60
    duffel duffel_live_ url 43
    duffel-test duffel_test_ url 43
    dynatrace dt0c01. alnum 24 .|alnum|64
    easypost EZAK alnum 54
    easypost-test EZTK alnum 54
    elastic essu_ url 60-200
    elevenlabs sk_ hex 48
    facebook EAA alnum 60-300
    figma figd_ url 40
    firecrawl fc- hex 32
    fireworks fw_ alnum 22-28
    flutterwave FLWSECK- lower 32-40
    flutterwave-test FLWSECK_TEST- lower 12-40
    flyio fo1_ url 43
    flyio-macaroon fm2_ base64 100-1000
    frameio fio-u- url 64
    gitea gta_ hex 40
    github ghp_ alnum 36-255
    github-fine github_pat_ alnum 22 _|alnum|36-82
    github-oauth gho_ alnum 36-255
    github-refresh ghr_ alnum 36-255
    github-server ghs_ alnum 36-255
    github-user ghu_ alnum 36-255
    gitlab glpat- url 20-64
    gitlab-agent glagent- url 50-64
    gitlab-ci glcbt- url 20-64
    gitlab-client glffct- url 20-64
    gitlab-deploy gldt- url 20-64
    gitlab-feed glft- url 20-64
    gitlab-mail glimt- url 20-64
    gitlab-oauth gloas- url 64
    gitlab-routable glpat- url 27-300 .|lower|2 .|lower|9
    gitlab-routable-first glpat- url 27-300 .|lower|9
    gitlab-runner glrt- url 20-64
    gitlab-runner-registration GR1348 digits 3 |url|20
    gitlab-scim glsoat- url 20-64
    gitlab-trigger glptt- hex 40
    google AIza url 35
    google-oauth ya29. url 40-300
    google-secret GOCSPX- url 28
    grafana glsa_ alnum 32 _|Hex|8
    grafana-cloud glc_ base64 32-400
    groq gsk_ alnum 50-56
    harness pat. url 22 .|hex|24 .|alnum|20
    harness-service sat. url 22 .|hex|24 .|alnum|20
    heroku HRKU- url 30-70
    hubspot pat-na1- uuid 36
    hubspot-europe pat-eu1- uuid 36
    huggingface hf_ alnum 30-64
    huggingface-organisation api_org_ alnum 34
    infracost ico- alnum 32
    intra42 s-s4t2ud- hex 64
    intra42-application s-s4t2af- hex 64
    jfrog AKCp alnum 69
    klaviyo pk_ lower 34
    langchain lsv2_pt_ hex 32 _|hex|10
    langchain-service lsv2_sk_ hex 32 _|hex|10
    langfuse sk-lf- uuid 36
    linear lin_api_ alnum 40
    linear-oauth lin_oauth_ alnum 40-64
    mailersend mlsn. hex 64
    mailgun key- lower 32
    mapbox sk.eyJ alnum 60-100 .|url|22
    mapbox-public pk.eyJ alnum 60-100 .|url|22
    mercado APP_USR- digits 12-20 -|digits|6 -|hex|32
    mercury mercury_production_ url 30-80
    midtrans Mid-server- url 20-40
    mongodb-atlas mdb_sa_sk_ url 40
    neon napi_ lower 64
    netlify nfp_ alnum 36-40
    new-relic NRAK- upper 27
    new-relic-browser NRJS- hex 19
    new-relic-insert NRII- url 32
    notion ntn_ alnum 40-60
    notion-integration secret_ alnum 43
    npm npm_ alnum 36
    nuget oy2 lower 43
    nvidia nvapi- url 60-70
    octopus API- upper 26
    okta SSWS- url 40-44
    onesignal os_v2_ lower 3 _|lower|100-110
    onfido api_live. alnum 11 .|url|32
    openai sk- alnum 20 T3BlbkFJ|alnum|20
    openai-admin sk-admin- url 40-200
    openai-like sk-api- url 100-140
    openai-plain sk- alnum 40-64
    openai-project sk-proj- url 40-200
    openai-service sk-svcacct- url 40-200
    openrouter sk-or-v1- hex 64
    paddle pdl_live_apikey_ lower 26 _|alnum|22 _|alnum|3
    paddle-sandbox pdl_sdbx_apikey_ lower 26 _|alnum|22 _|alnum|3
    paystack sk_live_ hex 40
    perplexity pplx- alnum 48-56
    pinecone pcsk_ url 50-90
    plaid access-sandbox- uuid 36
    plaid-development access-development- uuid 36
    plaid-production access-production- uuid 36
    planetscale pscale_tkn_ dotted 32-64
    planetscale-oauth pscale_oauth_ dotted 32-64
    planetscale-password pscale_pw_ dotted 32-64
    polar polar_oat_ alnum 40-48
    polar-personal polar_pat_ alnum 40-48
    posthog phc_ alnum 43
    posthog-long phx_ url 43-50
    posthog-personal phx_ alnum 43
    postman PMAK- hex 24 -|hex|34
    prefect pnu_ alnum 36
    pulumi pul- hex 40
    pypi pypi-AgEIcHlwaS5vcmc url 50-1000
    razorpay rzp_live_ alnum 14
    readme rdme_ lower 70
    render rnd_ alnum 28-40
    replicate r8_ alnum 37-40
    resend re_ alnum 8 _|alnum|24
    rubygems rubygems_ hex 48
    scalingo tk-us- url 48
    sendgrid SG. url 22 .|url|43
    sentry sntrys_ base64 60-400
    sentry-user sntryu_ hex 64
    settlemint sm_pat_ alnum 16
    settlemint-application sm_aat_ alnum 16
    settlemint-service sm_sat_ alnum 16
    shippo shippo_live_ hex 40
    shippo-test shippo_test_ hex 40
    shopify shpat_ Hex 32
    shopify-custom shpca_ Hex 32
    shopify-private shppa_ Hex 32
    shopify-secret shpss_ Hex 32
    slack-app xoxa- dotted 10-250
    slack-application xapp- url 20-200
    slack-bot xoxb- dotted 10-250
    slack-client xoxc- dotted 60-250
    slack-cookie xoxd- dotted 20-250
    slack-export xoxe- dotted 10-250
    slack-refresh xoxr- dotted 10-250
    slack-session xoxs- dotted 10-250
    slack-user xoxp- dotted 10-250
    sonarqube squ_ hex 40
    sonarqube-analysis sqa_ hex 40
    sonarqube-project sqp_ hex 40
    sourcegraph sgp_ hex 40
    sourcegraph-instance sgp_ hex 16 _|hex|40
    square sq0atp- url 22
    square-new EAAA url 58-62
    square-secret sq0csp- url 43
    stripe sk_live_ alnum 16-128
    stripe-production sk_prod_ alnum 16-128
    stripe-publishable pk_live_ alnum 16-128
    stripe-publishable-test pk_test_ alnum 16-128
    stripe-restricted rk_live_ alnum 16-128
    stripe-restricted-test rk_test_ alnum 16-128
    stripe-test sk_test_ alnum 16-128
    stripe-webhook whsec_ base64 32-64
    supabase sbp_ hex 40
    supabase-secret sb_secret_ url 30-48
    tailscale tskey- alnum 3-10 -|url|16-60
    tavily tvly- url 28-60
    tencent AKID alnum 32
    terraform-cloud tfp_ alnum 40-64
    thunderstore tss_ alnum 20-60
    together tgp_v1_ url 40-60
    trello ATTA hex 64-72
    trigger tr_prod_ alnum 20-32
    trigger-staging tr_stg_ alnum 20-32
    twilio-account AC hex 32
    twilio-key SK hex 32
    typeform tfp_ dotted 50-64
    upcloud ucat_ alnum 24-32
    vault hvs. url 24-300
    vault-batch hvb. url 100-300
    vault-recovery hvr. url 24-300
    vercel vcp_ alnum 24-60
    vercel-application vca_ url 56
    vercel-gateway vck_ url 56
    vercel-integration vci_ url 56
    vercel-refresh vcr_ url 56
    wakatime waka_ uuid 36
    wandb wandb_v1_ url 30-90
    xai xai- alnum 60-90
    xendit xnd_production_ alnum 40-64
    yandex AQVN url 35-38
    yandex-iam t1. url 60-250 .|url|86
    zapier zpka_ url 30-80
    zuplo zpka_ lower 32 _|hex|8
"""
SHAPES: tuple[KeyShape, ...] = tuple(_k(line) for line in _TABLE.split("\n") if line.strip())
PLAIN_PREFIXES: tuple[str, ...] = tuple(sorted({s.word() for s in SHAPES if not s.signed() and len(s.word()) >= 2}))
"""Prefixes without a sign behind them; the lexer asks for them at the start of a token of letters and digits."""


def _by_word() -> dict[str, re.Pattern[str]]:
    grouped: dict[str, list[str]] = {}
    for key in SHAPES:
        grouped.setdefault(key.word(), []).append(key.pattern())
    return {word: re.compile("|".join(sorted(patterns, key=len, reverse=True))) for word, patterns in grouped.items()}


_PATTERNS = _by_word()
_PLAIN_BY_TWO = {two: tuple(p for p in PLAIN_PREFIXES if p[:2] == two) for two in {p[:2] for p in PLAIN_PREFIXES}}
_WORD = re.compile(r"[A-Za-z0-9+$]*")


def match_key(text: str) -> int:
    """Length of the key that `text` begins with, or 0."""
    head = _WORD.match(text)
    word = head[0] if head else ""
    longest = 0
    for candidate in (word, *_PLAIN_BY_TWO.get(text[:2], ())):
        pattern = _PATTERNS.get(candidate)
        if pattern is not None and text.startswith(candidate):
            found = pattern.match(text)
            if found:
                longest = max(longest, found.end())
    return longest
