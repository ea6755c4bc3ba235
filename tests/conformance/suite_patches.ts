// The few places where our private copy of the suite is changed: its framework, so that one broken test does not hide the
// others, and two units that could not be judged as they are. Each replacement must match once: another version of the
// suite is noticed.

interface Patch {
  readonly file: string;
  readonly why: string;
  readonly from: string;
  readonly to: string;
}

const PATCHES: Patch[] = [
  {
    file: "tests/test_helper.tcl",
    why: "says which test begins, so that the one that hangs or aborts the suite has a name",
    from: `} elseif {$status eq {testing}} {`,
    to: `} elseif {$status eq {testing}} {
        puts "\\[testing\\]: $data"`,
  },
  {
    file: "tests/support/server.tcl",
    why:
      "an error inside of a test with a server of its own fails that test (--durable lost count of the servers), " +
      "an error outside of tests ends only the block it is in",
    from: `            if {!$assertion && $::durable} {
                # durable is meant to prevent the whole tcl test from exiting on
                # an exception. an assertion will be caught by the test proc.
                set msg [string range $error 10 end]
                lappend details $msg
                lappend details $backtrace
                lappend ::tests_failed $details

                incr ::num_failed
                send_data_packet $::test_server_fd err [join $details "\\n"]
            } else {`,
    to: `            if {$::durable && $::cur_test eq ""} {
                send_data_packet $::test_server_fd err "outside of tests: $error\\n$backtrace"
                set ::tags [lrange $::tags 0 end-[llength $tags]]
                return
            } else {`,
  },
  {
    file: "tests/support/server.tcl",
    why: "clearing functions is no test; a server without functions has none to clear",
    from: `    r flushall
    r function flush
`,
    to: `    r flushall
    catch {r function flush}
`,
  },
  {
    file: "tests/support/server.tcl",
    why: "as above for the external mode, where the block's own server stays",
    from: `        if {$::durable} {
            set msg [string range $error 10 end]
            lappend details $msg
            lappend details $::errorInfo
            lappend ::tests_failed $details

            incr ::num_failed
            send_data_packet $::test_server_fd err [join $details "\\n"]
        } else {`,
    to: `        if {$::durable && $::cur_test eq ""} {
            send_data_packet $::test_server_fd err "outside of tests: $error\\n$::errorInfo"
        } else {`,
  },
  {
    file: "tests/support/server.tcl",
    why: "a server that ended is not waited for",
    from: `        if {[regexp {Failed listening on port} [exec cat $stdout]]} {
            set port_busy 1
            break
        }`,
    to: `        if {[regexp {Failed listening on port} [exec cat $stdout]]} {
            set port_busy 1
            break
        }
        if {[catch {exec kill -0 $pid}] && ![regexp -- " PID: $pid" [exec cat $stdout]]} {
            set stderr [file join [file dirname $stdout] stderr]
            start_server_error $config_file "it ended: [exec cat $stdout $stderr]"
            break
        }`,
  },
  {
    file: "tests/support/server.tcl",
    why: "as above",
    from: `        if {$code ne "undefined"} {
            set serverisup [server_is_up $::host $port $retrynum]`,
    to: `        if {$code ne "undefined" && [catch {exec kill -0 $pid}]} {
            set ::tags [lrange $::tags 0 end-[llength $tags]]
            return
        }
        if {$code ne "undefined"} {
            set serverisup [server_is_up $::host $port $retrynum]`,
  },
  {
    file: "tests/support/server.tcl",
    why: "where the external server refuses a setting, only the block that needs it is left out",
    from: `        dict set saved_config $param [lindex [r config get $param] 1]
        r config set $param $val`,
    to: `        set before [lindex [r config get $param] 1]
        if {[catch {r config set $param $val} refusal]} {
            send_data_packet $::test_server_fd err "Can't start the Redis server\n$param $val: $refusal"
            dict for {param val} $saved_config {
                r config set $param $val
            }
            [dict get [lpop ::servers] "client"] close
            return
        }
        dict set saved_config $param $before`,
  },
  {
    file: "tests/support/test.tcl",
    why: "an error that is no failed assertion keeps its first words",
    from: `            set msg [string range $error 10 end]
            lappend details $msg
            if {!$assertion} {`,
    to: `            set msg [expr {$assertion ? [string range $error 10 end] : $error}]
            lappend details $msg
            if {!$assertion} {`,
  },
  {
    file: "tests/support/test.tcl",
    why: "a failed test leaves the name of the running test as it was",
    from: `            # Re-raise, let handler up the stack take care of this.
            error $error $::errorInfo
        }
    } else {
        if {$okpattern`,
    to: `            # Re-raise, let handler up the stack take care of this.
            set ::cur_test $prev_test
            error $error $::errorInfo
        }
    } else {
        if {$okpattern`,
  },
  {
    file: "tests/support/test.tcl",
    why:
      "a small list or set may be called a listpack, as Valkey does since 7.2; Redis 7.0 calls every list a quicklist " +
      "and every set that is no intset a hashtable",
    from: `    set val [r object encoding $key]
    assert_match $enc $val`,
    to: `    set val [r object encoding $key]
    if {$val eq {listpack} && ($enc eq {quicklist} || ($enc eq {hashtable} && [r type $key] eq {set}))} {
        return
    }
    assert_match $enc $val`,
  },
  {
    file: "tests/support/util.tcl",
    why:
      "tests get the id of the child that saves in order to kill it; a server without children is told to let its save " +
      "fail, and the id is that of a process that is of no use to anybody",
    from: `proc get_child_pid {idx} {
    set pid [srv $idx pid]`,
    to: `proc get_child_pid {idx} {
    if {![catch {[srv $idx client] debug kill-save}]} {
        return [exec sleep 1 &]
    }
    set pid [srv $idx pid]`,
  },
  {
    file: "tests/assets/default.conf",
    why:
      "Valkey 8 and later free expired keys in the background, and propagate UNLINK; Redis 7.0 has another default",
    from: `enable-module-command yes
`,
    to: `enable-module-command yes
lazyfree-lazy-expire no
`,
  },
  {
    file: "tests/support/util.tcl",
    why: "but for appendfsync always, a worker writes the log a moment after the reply",
    from: `proc assert_aof_content {aof_path patterns} {
`,
    to: `proc assert_aof_content {aof_path patterns} {
    after 200
`,
  },
  {
    file: "tests/integration/aof.tcl",
    why: "as above; what GETEX might append is waited for, too",
    from: `            r set foo bar
            set before [file size $aof]
            r getex foo
            set after`,
    to: `            r set foo bar
            after 200
            set before [file size $aof]
            r getex foo
            after 200
            set after`,
  },
  {
    file: "tests/unit/aofrw.tcl",
    why: "the encoding of lists is judged as everywhere else: a small one may be a listpack",
    from: `                    r lpush key $data
                }
                assert_equal [r object encoding key] $e`,
    to: `                    r lpush key $data
                }
                assert_encoding $e key`,
  },
  {
    file: "tests/integration/aof-multi-part.tcl",
    why:
      "a save that reads the dataset ends where that is emptied, and what is scheduled begins at once; a forked child " +
      "would go on with its copy",
    from: `            r set k2 v2
            r debug loadaof

            # Both k1 and k2 lost
            assert_equal 0 [r exists k1]
            assert_equal 0 [r exists k2]

            set total_forks [s total_forks]
            assert_equal [s rdb_bgsave_in_progress] 1
`,
    to: `            r set k2 v2
            set total_forks [s total_forks]
            r debug loadaof

            # Both k1 and k2 lost
            assert_equal 0 [r exists k1]
            assert_equal 0 [r exists k2]

`,
  },
  {
    file: "tests/integration/aof-race.tcl",
    why: "the unit is not among those that Redis runs: it loses its files between its two servers",
    from: `    start_server [list overrides $config] $code`,
    to: `    start_server [list overrides $config keep_persistence true] $code`,
  },
  {
    file: "tests/integration/aof-race.tcl",
    why: "what it looks at has no name",
    from: `        # Check contents of foo
        assert_equal 20000 [$client get foo]`,
    to: `        test "AOF rewrite during INCRs: no command is lost" {
            assert_equal 20000 [$client get foo]
        }`,
  },
  {
    file: "tests/integration/aof-race.tcl",
    why: "as above",
    from: `        set client [redis [srv host] [srv port] 0 $::tls]
        assert_equal 20000 [$client get foo]`,
    to: `        set client [redis [srv host] [srv port] 0 $::tls]
        test "AOF rewrite during INCRs: no command is loaded twice" {
            assert_equal 20000 [$client get foo]
        }`,
  },
];

/** Changes the copy in `folder`. Throws where a place is not as expected. */
export function patchSuite(folder: string): void {
  for (const { file, why, from, to } of PATCHES) {
    const path = `${folder}/${file}`;
    const text = Deno.readTextFileSync(path);
    const parts = text.split(from);
    if (parts.length !== 2) {
      throw new Error(`${file} has ${parts.length - 1} places for the change that ${why}; 1 is expected`);
    }
    Deno.writeTextFileSync(path, parts.join(to));
  }
}
