"""Show of Hands: a room votes, a screen shows it.

The modules in reading order, each building on those before it:

    speech          what a journal holds of the room's talk; what may be said
    records         what a journal can hold, its bytes and its chain
    codes           one-time codes as people hold them
    conversation    the room's talk as records leave it
    state           the shapes that records fold into
    admission       what one-time codes do to the state
    steering        what an admin's command does
    talk            what a message, and what moderates it, does to the state
    snapshot_talk   the room's talk in a snapshot
    snapshot        a state as bytes and back
    salvage         which counted ballots and messages another state lacks
    ballots         the fold, and the rules of a ballot
    protocol        the wire: messages, refusals, close codes
    roster          the list of who is here, and what has changed in it
    turnout         who is in the room
    views           what each view is shown of a state
    wall            what each view is told of what was said
    tables          tables that people write, checked
    polls           a poll as people write it
    redis_address   where Redis is, as a URL says it
    config          config.toml as frozen structs
    histogram       how long something took, in buckets
    client          one connected page, whatever way its messages take
    tokens          what a page without a socket has been told already
    logbook         one line an event, to standard error
    imports         what the file's polls mean to a journal that knows them
    journal         an append-only list of records, and what can go wrong with one
    redis_promise   what a Redis keeps, and what a crash of it loses, in words
    redis_trouble   why a Redis cannot be used, in words
    redis_server    where Redis is now, and a line to it
    redis_stream    what lies in Redis, and how it is changed
    redis_line      one kept line to Redis
    reading         what one server has read of a stream
    sighting        how far this computer has seen such a journal
    survivors       a lost journal goes on from what servers remember
    shelving        a snapshot stands for what lies before it
    journal_redis   the journal on a Redis stream
    folder          who holds the data folder
    worker          one native thread for what waits for the disk
    database        the journal's SQLite file: rows, and damage told from trouble
    head            how far the journal had come, kept beside it
    journal_sqlite  the journal in a SQLite file
    verify          examine a journal without a server
    repair          go on from the last good record
    pace            how fast one voter may go
    clock           what time a record gets
    ledger          the journal and its fold, kept in step
    casters         who waits for the answer to a ballot or a message
    engine          batches into the journal, answers
    neighbours      which other nodes live, and what they said
    fleet           what the nodes of a room tell each other
    fleet_redis     the same over Redis
    gathering       who is here with which node, by name
    gate            who may come in: everybody, or by code
    frames          WebSocket frames as bytes
    pipe            what leaves on one connection: whole frames, bounded queues
    handshake       how a WebSocket begins
    connection      one safe WebSocket
    ticks           when clients are shown what is new
    fanout          one frame to many
    arrears         what pages are owed of what was said
    audience        clients with a socket, shown the newest together
    waiting         pages without a socket that wait for news
    hub             who is connected
    vitals          what the server costs its computer, and how its lines are
    garbage         when Python looks for garbage
    keys            the keys that sign sessions
    shared          small questions to the room's Redis
    signing         which key signs where several servers must open it
    sessions        the one cookie
    safe            the password's hash, links that work once, logins that ended
    safe_redis      the same for all servers of a room
    password        the admin's password, and the work of comparing
    identity        voters, the admin, Host and Origin
    names           the voters' names, beside the journal
    names_redis     the same for all servers of a room
    known           by what name each person is known
    people          who is here, by name, and who is told of it
    addresses       where phones can reach this computer
    doorway         which of these addresses phones are shown
    presence        who is present on all nodes
    alike           whether all nodes have the same config.toml
    elsewhere       how many pages one visitor has on other nodes
    visitors        whose page it is that connects
    scene           the room as pages are shown it now
    feed            what was said, as the payloads that pages are told
    talking         what pages say to the room
    live            messages between clients, hub and engine
    sockets         the WebSocket
    news            what is new to a page without a socket
    askers          which page without a socket asks
    polling         how a page without a WebSocket asks for it
    posting         how a ballot or a message comes without a WebSocket
    compressed      what is sent compressed, and to whom
    throttle        how often somebody may try something
    proxies         reverse proxies, believed as far as configured
    web             the ground of every page: CSRF, headers, errors
    language        English, Chinese, and the next one
    joined          one script or style sheet in the place of many
    assets          static files under a hashed prefix
    stencil         a page that many get alike
    pages           log in, vote, watch, join
    drafts          a poll's text while somebody writes it
    commands        an admin's commands as forms say them
    admin           steer the rounds
    moderating      what the desk does to the room's talk
    editing         write the polls
    cards           codes as cards for paper
    issuing         make codes while the room runs
    receipts        the public list of receipt codes, and one looked up in it
    export          rounds as CSV and JSON
    published       closed rounds, made once for many readers
    archive         rounds that were: the admin's list, downloads, public results
    metrics         what the server does and how fast, for Prometheus
    health          whether the server lives, and can record
    requests        the head of an HTTP request, read strictly
    exchange        one HTTP connection: requests come whole and in time
    open_files      how many phones there are files for
    server          gevent's server, ports
    ending          how a server ends, in which order, and in time
    greeting        what the terminal says at start
    starting        what a start needs, and why it cannot be
    workers         several processes that serve at one port
    running         one process that serves, from its socket to its end
    gunicorn_worker the same under gunicorn
    keeping         what outlives a server, in the data folder
    keeping_redis   the same in Redis
    nearby          which server runs on this computer
    redis_room      a room in Redis as a whole, without a server
    places          where votes and names are kept: a folder, or Redis
    place_redis     a room in Redis, as the command line sees it
    backup          a copy of the data folder, made while the server runs
    console         the command line beside `run`
    copying         move a journal between folders and Redis
    locksmith       the commands that change a secret
    sheet           make codes on the command line, on paper

The package `rehearsal`, beside this one, is a room of pretended phones; nothing here knows of it.
`dashboard.py` ties them together. docs/architecture.md tells why.
"""
