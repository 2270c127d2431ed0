"""A rehearsal: a room of pretended phones, and what it finds out about a computer.

The modules in reading order, each building on those before it:

    visit           HTTP as a phone's browser speaks it
    line            a client's end of a WebSocket, cheap enough for thousands
    backoff         how long a page waits before it comes back
    crowd           what pretended phones were told
    login           a phone's way in, by HTTP
    phone           one pretended phone
    remote          an admin's desk, from another process
    turns           whose turn it is to vote
    findings        what a rehearsal finds, as numbers
    verdict         the same as sentences
    measuring       moments of a run, and their costs
    run             the run, from the button that starts it to the one that ends it
    target          which server it is for
    command         the command line's `rehearse`

It speaks to a server as browsers do. The benchmark (`bench`) loads its servers with these phones.
"""
