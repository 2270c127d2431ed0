"""Show of Hands: a room votes, a screen shows it.

The modules in reading order, each building on those before it:

    records      what a journal can hold, and its bytes
    state        the shapes that records fold into
    ballots      the fold, and the rules
    protocol     the wire: messages, refusals, close codes
    config       config.toml as frozen structs
    journal      an append-only list of records, durable in SQLite
    engine       batches into the journal, folds, answers
    pipe         the bytes of one connection: whole frames, bounded queues
    connection   one safe WebSocket over a pipe
    hub          who is connected; the tick
    identity     voters, the admin, Host and Origin
    live         messages between clients, hub and engine
    web          the ground of every page: CSRF, headers, errors
    language     English, Chinese, and the next one
    assets       static files under a hashed prefix
    addresses    where phones can reach this computer
    pages        log in, vote, watch, join
    admin        steer the rounds
    server       gevent's server, ports, file limits
    greeting     what the terminal says at start

`dashboard.py`, beside this package, ties them together. docs/architecture.md tells why.
"""
