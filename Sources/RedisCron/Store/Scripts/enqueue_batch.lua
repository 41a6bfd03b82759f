--[[
Turns one batch of due definitions into queued RQ jobs and moves their schedules, as one atomic step.

KEYS
  1                 lock
  2                 index of definitions (zset: id by next enqueue time)
  3                 RQ's set of queues
  4                 finished definitions (zset: id by the time at which it is to be deleted)
  5                 log of runs; where nothing is noted, another of these keys
  6 .. 5+D          the queues of the jobs, each once
  then N            the definitions' hashes
  then N            the RQ jobs' hashes
  then Q times 3    the queues of open runs; see open_runs.lua
  then R times 2    the open runs of each job in turn; times 3 if a template has overlap 'replace'
ARGV
  1                 our lock token
  2                 the present, in RQ's wire format (created_at, enqueued_at, latest_enqueue_time)
  3                 what stands before an id in a definition's key
  4                 what stands before an id in an RQ job's key
  5                 D, the number of queues of the jobs
  6                 T, the number of templates
  7                 N, the number of jobs
  8                 the present in whole Unix seconds
  9, 10             60 s ago and 1,000 s ago, in RQ's wire format
  11                channel of events
  12                what stands before a worker's name in its channel
  13                what the log says of the jobs, behind their outcomes; empty to note nothing. See run_log.lua
  14                the shape of each job: the number of one, from 0, in two bytes, the low one first
  15                S, the number of shapes, then S times: template number or 0 to move the schedule only, index score as it was
                    read, next_enqueue_time, next index score (empty when there is no further run)
  then              Q, the number of queues of open runs, then their names
  then T times      template: the number of its queue, from 1, ttl in seconds or empty, flags, what governs its jobs if the
                    flags say so, F, then F strings, the fields that its jobs share with their values; or 0, when each of its
                    jobs comes with its whole hash. Flags: 'f' its jobs go to the front of the queue, the first of them
                    foremost; 'g' its jobs are governed; 'o' each of these has one open run, in the template's queue and without a mark
  What governs      overlap ('allow', 'skip', 'wait', 'replace'), max_runs, the score in KEYS[4] if one finishes,
                    pause_after_failures, the note of that pause, the queue's name in JSON or empty not to record runs.
                    Each may be empty, except overlap. With 'o' then the two arguments of the open run of each job
  then N times      job: updated_at as it was read; if it is governed open_runs as it was read, without 'o' R, the number of
                    its open runs, or 'move' to move the schedule only, with overlap wait and replace the index score at
                    which it is looked at again, with pause_after_failures the event of the pause, without 'o' R times 2, its
                    open runs; then nothing (to move the schedule only), the hash as RESTORE takes it (F = 0), or data and
                    description
Returns
  'L' when the lock is not ours, an error when RQ's set of queues is not a set, KEYS[4] no sorted set or a command may not
  be run (nothing was done, each time); else one character for each job, in order:
  '+' queued. Of a governed one, open_runs holds this run alone now, as a list of ["id",queue in JSON], or is not there
  'k' queued, and open_runs holds others as well: read it again
  'F' queued, and finished: it was the last of max_runs
  'd' this planned time was queued before: nothing was done
  'a' schedule moved only, as asked
  'o' refused, since a run is open: schedule moved. 'O' the same, and open_runs was written: read it again
  'l' refused, since max_runs is reached: finished
  'p' refused and paused, since too many runs failed
  'w' it waits: it is looked at again at the score that was given. Read it again before
  'h' its open runs need more searches than one script may make: nothing was done; send it again
  'm' the index score is no longer the one that was read: somebody else moved it
  's' the definition changed or went away since it was read, or a run was found in another queue and open_runs says so
  'q' its queue's key holds something that is not a list
  'r' RESTORE refuses its hash: nothing was done; send its fields instead
  If `replace` did something, an array instead: these characters, then for each of it the number of the job, what, and the
  job id: 'removed' taken out and deleted; 'stopped' its worker was told to stop it; 'unheard' the same, and nobody listens;
  'still' it was told so 30 s ago or earlier, and runs.

Why atomic: the four fences (lock, once, fresh, only ours) hold at the instant of the write, whatever the client went
through before; a job's hash, its queue entry and its schedule move together or not at all; and no run begins or ends
between a look at the open ones and the decision. Nothing is written before all that could make a write fail half way has
been looked at.
]]
local call, pcall, sub = redis.call, redis.pcall, string.sub
-- Globals are looked up by name at each use; these are used some twenty times a job.
local KEYS, ARGV = KEYS, ARGV

local now = ARGV[2]
local id_start, job_start = #ARGV[3] + 1, #ARGV[4] + 1
local target_count, template_count, count = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local first = 5 + target_count
local shape_count = tonumber(ARGV[15])
local queue_arg = 16 + 4 * shape_count
local queue_count = tonumber(ARGV[queue_arg])
local arg = queue_arg + queue_count

-- One key of each kind stands for all; TYPE meets every queue.
local refusal = guard({
  { 'GET', KEYS[1] }, { 'TYPE', KEYS[3] }, { 'ZMSCORE', KEYS[2], 'id' }, { 'ZADD', KEYS[2], '0', 'id' },
  { 'ZREM', KEYS[2], 'id' }, { 'HGET', KEYS[first + 1], 'updated_at' },
  { 'HSET', KEYS[first + 1], 'next_enqueue_time', '' }, { 'EXISTS', KEYS[first + count + 1] },
  { 'HSET', KEYS[first + count + 1], 'status', 'queued' }, { 'EXPIRE', KEYS[first + count + 1], '1' },
  { 'SADD', KEYS[3], 'queue' }, { 'RPUSH', KEYS[6], 'id' }
})
if refusal then return refusal end
if call('GET', KEYS[1]) ~= ARGV[1] then
  return 'L'
end
refusal = mistyped(KEYS[3], 'set')
if refusal then return refusal end

-- Old data may lack updated_at: such a definition is fresh while it still lacks it and still exists.
local function is_fresh(definition, updated_at)
  local found = pcall('HGET', definition, 'updated_at')
  return found == updated_at or (updated_at == '' and found == false and call('EXISTS', definition) == 1)
end

local ids, jobs = {}, {}
for j = 1, count do
  ids[j] = sub(KEYS[first + j], id_start)
  jobs[j] = KEYS[first + count + j]
end

-- Whether a job is there. All that are left are looked at together, once one has to be: RESTORE looks for itself.
local any_exists
local function exists(j)
  if any_exists == nil then any_exists = call('EXISTS', unpack(jobs, j)) > 0 end
  return any_exists and call('EXISTS', jobs[j]) == 1
end

-- Both write a job's hash, whose arguments begin at a place, unless it is there: the outcome.
local may_restore
local function write_whole(j, template, at)
  if not may_restore then return 'r' end
  local refusal = pcall('RESTORE', jobs[j], template.life, ARGV[at]).err
  if not refusal then return '+' end
  return sub(refusal, 1, 7) == 'BUSYKEY' and 'd' or 'r'
end

local function write_fields(j, template, at)
  if exists(j) then return 'd' end
  local job = jobs[j]
  call('HSET', job, 'created_at', now, 'enqueued_at', now, 'data', ARGV[at], 'description', ARGV[at + 1],
    unpack(template.fields))
  if template.ttl ~= '' then call('EXPIRE', job, template.ttl) end
  return '+'
end

-- Notes the planned time of a definition that finishes, before the one that stands for "none" takes its place. What has no
-- further time and no end either is not finished: its next time is empty.
local function note_last(definition, next_time)
  local planned = next_time ~= '' and call('HGET', definition, 'next_enqueue_time')
  if planned and planned ~= '' then call('HSET', definition, 'last_planned_time', planned) end
end

-- What is pushed to the back and to the front of each queue.
local targets = {}
for t = 1, target_count do
  local key = KEYS[5 + t]
  targets[tostring(t)] = { key = key, is_spoiled = mistyped(key, 'list') ~= nil, back = {}, front = {} }
end

local templates = {}
local any_whole, any_front, any_governed, any_replaces = false, false, false, false
for t = 1, template_count do
  local target, ttl, flags = targets[ARGV[arg + 1]], ARGV[arg + 2], ARGV[arg + 3]
  local template = { target = target, list = target.back, ttl = ttl, life = ttl == '' and '0' or ttl .. '000' }
  if flags ~= '' then
    if string.find(flags, 'f', 1, true) then template.list, any_front = target.front, true end
    if string.find(flags, 'g', 1, true) then
      template.governed, any_governed = true, true
      template.overlap, template.limit = ARGV[arg + 4], tonumber(ARGV[arg + 5])
      template.deletion, template.most_failures = ARGV[arg + 6], tonumber(ARGV[arg + 7])
      template.note, template.queue = ARGV[arg + 8], ARGV[arg + 9]
      if template.overlap == 'replace' then any_replaces = true end
      arg = arg + 6
      if string.find(flags, 'o', 1, true) then
        template.open_arg = arg + 4
        template.is_simple = template.queue ~= '' and not (template.limit or template.most_failures or target.is_spoiled)
        template.behind_id = '",' .. template.queue .. ']]'
        arg = arg + 2
      end
    end
  end
  local field_count = tonumber(ARGV[arg + 4])
  if field_count > 0 then
    template.fields, template.size, template.write = { unpack(ARGV, arg + 5, arg + 4 + field_count) }, 2, write_fields
  else
    any_whole, template.size, template.write = true, 1, write_whole
  end
  templates[tostring(t)] = template
  arg = arg + 4 + field_count
end

if any_front then
  refusal = guard({ { 'LPUSH', KEYS[6], 'id' } })
  if refusal then return refusal end
end

-- A server or user without RESTORE gets the fields instead.
may_restore = any_whole and not obstacle('RESTORE', KEYS[first + count + 1], '0', '')

local shapes, wanted = {}, nil
for s = 0, shape_count - 1 do
  local at = 15 + 4 * s
  local score = ARGV[at + 2]
  shapes[s] = { template = templates[ARGV[at + 1]], score = score, next_time = ARGV[at + 3], next_score = ARGV[at + 4] }
  wanted = (s == 0 or wanted == score) and score
end

--[[
The index scores of ids; instead of them that of all, if all are to have the same one, as in a burst, and have it.

Redis prints a score as it answers, which takes it longer than to find it. The index is sorted by score: if the first and the last of
these have the same one, and all stand there side by side, those in between have it too. A user of an older version may not look so.
]]
local function scores_of(ids)
  if wanted and #ids > 2 and not obstacle('ZRANK', KEYS[2], 'id') and not obstacle('ZRANGE', KEYS[2], '0', '0') then
    local ends = call('ZMSCORE', KEYS[2], ids[1], ids[#ids])
    if ends[1] == wanted and ends[2] == wanted then
      local rank = pcall('ZRANK', KEYS[2], ids[1])
      local is_run = type(rank) == 'number'
      local members = is_run and pcall('ZRANGE', KEYS[2], rank, rank + #ids - 1)
      for i = 1, #ids do
        is_run = is_run and members[i] == ids[i]
      end
      if is_run then return nil, wanted end
    end
  end
  return call('ZMSCORE', KEYS[2], unpack(ids))
end

local scores, common_score = scores_of(ids)

local outcome, moved, gone = {}, {}, {}
local moved_count = 0

--[[
Decides on one governed job, whose version is the next argument, and writes its definition: the end of its arguments, the
outcome, whether it is pushed, and its next index score, empty to take it out. `told` collects what `replace` did, `events`
what is announced. `follow` is the short way for a job whose one open run has ended, as most have by then; it notes what is pushed
itself, since it has made the id: the outcome, and the end of its arguments; nothing, and nothing was done, if it is not as
simple as that.
]]
local decide, follow, told, events, send_stops
if any_governed then
  told, events = {}, {}
  local queue_key = first + 2 * count
  local open_key = queue_key + 3 * queue_count + 1
  local run_keys = any_replaces and 3 or 2
  local inspection = run_inspection(ARGV[8], ARGV[9], ARGV[10], ARGV[12], job_start, queue_key, queue_arg, run_keys)
  refusal = guard({
    { 'HMGET', KEYS[first + 1], 'updated_at' }, { 'HDEL', KEYS[first + 1], 'open_runs' }, { 'ZADD', KEYS[4], '0', 'id' },
    { 'PUBLISH', ARGV[11], '' }
  }) or mistyped(KEYS[4], 'zset') or (KEYS[open_key]
    and (guard(inspection.looks(open_key)) or (any_replaces and guard(inspection.removals(open_key)))))
  if refusal then return refusal end
  send_stops = inspection.send_stops
  -- An editor that knows no finished definitions indexes it where it is never due.
  local never = '9999-12-31T23:59:59.999999Z'

  local function finish(j, definition, next_time, deletion)
    note_last(definition, next_time)
    if deletion ~= '' then call('ZADD', KEYS[4], deletion, ids[j]) end
  end

  -- Moves the schedule on without the run.
  local function pass(j, definition, template, next_time, next_score, open_runs, failures)
    if next_score == '' then finish(j, definition, next_time, template.deletion) end
    write_state(definition, { 'next_enqueue_time', next_time }, open_runs, failures)
    call('HDEL', definition, 'waiting_since')
  end

  function follow(j, definition, job, shape, arg)
    local template = shape.template
    local overlap, next_score = template.overlap, shape.next_score
    if next_score == '' or (common_score or scores[j]) ~= shape.score then return end
    local found = pcall('HMGET', definition, 'updated_at', 'open_runs')
    if found[1] ~= ARGV[arg + 1] or found[2] ~= ARGV[arg + 2] then return end
    local status = pcall('HGET', KEYS[open_key], 'status')
    if status ~= 'finished' and status ~= 'failed' and status ~= 'stopped' then return end

    local payload = arg + ((overlap == 'wait' or overlap == 'replace') and 4 or 3)
    local written = template.write(j, template, payload)
    if written == '+' then
      local id, list = sub(job, job_start), template.list
      list[#list + 1] = id
      call('HSET', definition, 'latest_enqueue_time', now, 'next_enqueue_time', shape.next_time, 'open_runs',
        '[["' .. id .. template.behind_id)
      if overlap == 'wait' then call('HDEL', definition, 'waiting_since') end
    end
    open_key = open_key + run_keys
    return written, payload - 1 + template.size
  end

  function decide(j, definition, job, shape, arg)
    local template = shape.template
    local overlap, limit, most_failures = template.overlap, template.limit, template.most_failures
    local version, read, open_arg = ARGV[arg + 1], ARGV[arg + 2], template.open_arg
    local is_move, open_count, next_arg = false, 1, arg + 3
    if not open_arg then
      is_move = ARGV[next_arg] == 'move'
      open_count, next_arg = is_move and 0 or tonumber(ARGV[next_arg]), next_arg + 1
    end
    local wait_score, event
    if overlap == 'wait' or overlap == 'replace' then wait_score, next_arg = ARGV[next_arg], next_arg + 1 end
    if most_failures then event, next_arg = ARGV[next_arg], next_arg + 1 end
    local payload = next_arg
    if not open_arg then open_arg, payload = next_arg, next_arg + 2 * open_count end
    local last = payload - 1 + (is_move and 0 or template.size)
    local k = open_key
    open_key = k + run_keys * open_count

    if (common_score or scores[j]) ~= shape.score then return last, 'm' end
    local found = pcall('HMGET', definition, 'updated_at', 'open_runs')
    if found.err then return last, 's' end
    if found[1] ~= version and (version ~= '' or found[1] or call('EXISTS', definition) == 0) then return last, 's' end
    if (found[2] or '') ~= read then return last, 's' end

    local next_time, next_score = shape.next_time, shape.next_score
    if is_move then
      pass(j, definition, template, next_time, next_score)
      return last, 'a', false, next_score
    end
    local runs_before = limit and (tonumber(call('HGET', definition, 'run_count') or '') or 0)
    if limit and runs_before >= limit then
      pass(j, definition, template, never, '')
      return last, 'l', false, ''
    end
    if template.target.is_spoiled then return last, 'q' end
    if exists(j) then return last, 'd' end

    local failures_before = most_failures and (tonumber(call('HGET', definition, 'failure_count') or '') or 0)
    local runs = inspection.survey(k, open_arg, open_count, job, overlap == 'allow', failures_before)
    if runs.is_elsewhere then
      write_state(definition, {}, inspection.moved(k, open_arg, open_count))
      return last, 's'
    end
    if runs.is_late then return last, 'h' end

    -- The text to write in place of what was read, unless this run joins them.
    local is_open, failures = #runs.kept > 0, nil
    local new_runs = (is_open or most_failures) and runs.is_changed and inspection.text(runs.kept, '') or nil
    if most_failures then
      if runs.failures >= most_failures then
        pause_definition(definition, now, template.note, new_runs)
        events[#events + 1] = event
        return last, 'p', false, ''
      end
      if runs.failures ~= failures_before then failures = runs.failures end
    end

    if is_open and overlap == 'skip' then
      pass(j, definition, template, next_time, next_score, new_runs, failures)
      return last, runs.is_changed and 'O' or 'o', false, next_score
    elseif is_open and overlap == 'wait' then
      local is_waiting = call('HGET', definition, 'waiting_since')
      write_state(definition, is_waiting and {} or { 'waiting_since', now }, new_runs, failures)
      return last, 'w', false, wait_score
    elseif is_open and overlap == 'replace' then
      inspection.plan_removal()
      if runs.is_elsewhere then
        write_state(definition, {}, inspection.moved(k, open_arg, open_count))
        return last, 's'
      end
      if runs.is_late then return last, 'h' end
      if runs.is_waited_for then
        inspection.remove(j, told)
        write_state(definition, {}, inspection.text(runs.kept, ''), failures)
        return last, 'w', false, wait_score
      end
    end

    local written = template.write(j, template, payload)
    if written ~= '+' then return last, written end
    if is_open and overlap == 'replace' then inspection.remove(j, told) end
    local is_last = limit and runs_before + 1 >= limit
    if is_last then next_time, next_score = never, '' end
    if next_score == '' then finish(j, definition, next_time, template.deletion) end
    local entry = template.queue == '' and '' or '["' .. sub(job, job_start) .. '",' .. template.queue .. ']'
    local open_runs = (entry ~= '' or runs.is_changed) and inspection.text(runs.kept, entry) or nil
    local fields = { 'latest_enqueue_time', now, 'next_enqueue_time', next_time }
    if limit then fields[5], fields[6] = 'run_count', runs_before + 1 end
    write_state(definition, fields, open_runs, failures)
    -- The others have none, unless an edit left it behind.
    if overlap == 'wait' then call('HDEL', definition, 'waiting_since') end
    return last, is_last and 'F' or #runs.kept == 0 and '+' or 'k', true, next_score
  end
end

local shape_bytes = { string.byte(ARGV[14], 1, 2 * count) }

for j = 1, count do
  local definition, job = KEYS[first + j], jobs[j]
  local shape = shapes[shape_bytes[2 * j - 1] + 256 * shape_bytes[2 * j]]
  local template = shape.template
  local is_pushed, next_score = false, nil
  if template and template.governed then
    local written, last
    if template.is_simple then written, last = follow(j, definition, job, shape, arg) end
    if written then
      outcome[j], arg = written, last
      if written == '+' then next_score = shape.next_score end
    else
      arg, outcome[j], is_pushed, next_score = decide(j, definition, job, shape, arg)
    end
  else
    local result
    if (common_score or scores[j]) ~= shape.score then
      result = 'm'
    elseif not is_fresh(definition, ARGV[arg + 1]) then
      result = 's'
    elseif not template then
      result = 'a'
    elseif template.target.is_spoiled then
      result = 'q'
    else
      result = template.write(j, template, arg + 2)
    end
    outcome[j] = result
    if result == '+' or result == 'a' then
      is_pushed, next_score = result == '+', shape.next_score
      if next_score == '' then note_last(definition, shape.next_time) end
      if is_pushed then
        call('HSET', definition, 'latest_enqueue_time', now, 'next_enqueue_time', shape.next_time)
      else
        call('HSET', definition, 'next_enqueue_time', shape.next_time)
      end
    end
    arg = arg + 1 + (template and template.size or 0)
  end

  if is_pushed then
    local list = template.list
    list[#list + 1] = sub(job, job_start)
  end

  if next_score == '' then
    gone[#gone + 1] = ids[j]
  elseif next_score then
    moved[moved_count + 1] = next_score
    moved[moved_count + 2] = ids[j]
    moved_count = moved_count + 2
  end
end

local touched = {}
for t = 1, target_count do
  local target = targets[tostring(t)]
  local back, front = target.back, target.front
  if #back > 0 then call('RPUSH', target.key, unpack(back)) end
  if #front > 0 then
    -- Workers pop at the front, where the last that is pushed stands first.
    local size = #front
    for i = 1, math.floor(size / 2) do front[i], front[size + 1 - i] = front[size + 1 - i], front[i] end
    call('LPUSH', target.key, unpack(front))
  end
  if #back > 0 or #front > 0 then touched[#touched + 1] = target.key end
end
if #touched > 0 then call('SADD', KEYS[3], unpack(touched)) end
if moved_count > 0 then call('ZADD', KEYS[2], unpack(moved)) end
if #gone > 0 then call('ZREM', KEYS[2], unpack(gone)) end
local codes = table.concat(outcome)
if ARGV[13] ~= '' then log_runs(KEYS[5], codes, told or {}, ARGV[13]) end
if any_governed then
  for _, event in ipairs(events) do call('PUBLISH', ARGV[11], event) end
  send_stops(told)
  if #told > 0 then return { codes, unpack(told) } end
end
return codes
