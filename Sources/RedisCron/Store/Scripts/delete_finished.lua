--[[
Deletes a finished definition whose time has come, unless it is not finished any more.

KEYS  1 lock   2 the definition's hash   3 index of definitions   4 update marker
      5 finished definitions (zset: id by the time at which it is to be deleted)
      6 RQ's own history of that name, from which our part is taken out (rq_history.lua)
      7 its runs that are over   8 its refused times   9 .. 12 what is kept of all runs; see forgetting.lua. Without these its runs
      are left to the caller
ARGV  1 our lock token   2 id   3 its score in KEYS[5] as it was read   4 channel   5 event   6 update marker
      7 what its members of KEYS[9] begin with, behind a bracket as ZRANGEBYLEX has it
Returns  'L' when the lock is not ours, -1 when the score is not the one that was read (nothing was done, both times);
  1 when the definition was deleted; 0 when it was gone, not finished or not to be deleted: only its entry in KEYS[5]
  was taken out.

Why atomic: an edit that brings the definition back must not be followed by its deletion.
]]
local refusal = guard({
  { 'GET', KEYS[1] }, { 'HMGET', KEYS[2], 'next_enqueue_time' }, { 'DEL', KEYS[2] }, { 'ZREM', KEYS[3], ARGV[2] },
  { 'SET', KEYS[4], ARGV[6] }, { 'ZSCORE', KEYS[5], ARGV[2] }, { 'ZREM', KEYS[5], ARGV[2] }, { 'PUBLISH', ARGV[4], ARGV[5] }
}) or mistyped(KEYS[3], 'zset') or mistyped(KEYS[4], 'string') or mistyped(KEYS[5], 'zset')
if refusal then return refusal end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'L' end
if redis.call('ZSCORE', KEYS[5], ARGV[2]) ~= ARGV[3] then return -1 end
redis.call('ZREM', KEYS[5], ARGV[2])
-- Python deletes a definition without its entry in KEYS[5], and may write the hash back without our fields.
local found = redis.pcall('HMGET', KEYS[2], 'next_enqueue_time', 'delete_after')
if found.err or found[1] ~= '9999-12-31T23:59:59.999999Z' or (found[2] or '') == '' then return 0 end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[2])
take_out_of_history(KEYS[6])
redis.call('SET', KEYS[4], ARGV[6])
if KEYS[7] and not guard(forgetting(9, KEYS[7], KEYS[8])) then forget_runs(9, KEYS[7], KEYS[8], ARGV[2], ARGV[7]) end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
