"""Show of Hands: a room votes, a screen shows it.

The modules in reading order, each building on those before it:

    records         what a journal can hold, its bytes and its chain
    state           the shapes that records fold into
    steering        what an admin's command does
    ballots         the fold, and the rules of a ballot
    protocol        the wire: messages, refusals, close codes
    turnout         who is in the room
    views           what each view is shown of a state
    tables          tables that people write, checked
    polls           a poll as people write it
    config          config.toml as frozen structs
    imports         what the file's polls mean to a journal that knows them
    journal         an append-only list of records, and what can go wrong with one
    folder          who holds the data folder
    worker          one native thread for what waits for the disk
    database        the journal's SQLite file: rows, and damage told from trouble
    head            how far the journal had come, kept beside it
    journal_sqlite  the journal in a SQLite file
    verify          examine a journal without a server
    repair          go on from the last good record
    pace            how fast one voter may go
    clock           what time a record gets
    engine          batches into the journal, folds, answers
    frames          WebSocket frames as bytes
    pipe            what leaves on one connection: whole frames, bounded queues
    handshake       how a WebSocket begins
    connection      one safe WebSocket
    fanout          one frame to many
    audience        clients that share a tick
    hub             who is connected
    vitals          what the server costs its computer, and how its lines are
    garbage         when Python looks for garbage
    identity        voters, the admin, Host and Origin
    names           the voters' names, beside the journal
    addresses       where phones can reach this computer
    doorway         which of these addresses phones are shown
    live            messages between clients, hub and engine
    compressed      what is sent compressed, and to whom
    web             the ground of every page: CSRF, headers, errors
    language        English, Chinese, and the next one
    joined          one script or style sheet in the place of many
    assets          static files under a hashed prefix
    stencil         a page that many get alike
    pages           log in, vote, watch, join
    drafts          a poll's text while somebody writes it
    commands        an admin's commands as forms say them
    admin           steer the rounds
    editing         write the polls
    receipts        the public list of receipt codes, and one looked up in it
    export          rounds as CSV and JSON
    published       closed rounds, made once for many readers
    archive         rounds that were: the admin's list, downloads, public results
    health          whether the server lives, and can record
    requests        the head of an HTTP request, read strictly
    server          gevent's server, ports, file limits
    greeting        what the terminal says at start
    nearby          which server runs on this computer
    console         the command line beside `run`

The package `rehearsal`, beside this one, is a room of pretended phones; nothing here knows of it.
`dashboard.py` ties them together. docs/architecture.md tells why.
"""
