--[[
Takes the lock if nobody holds it, or extends it if it is ours already.

KEYS  1 lock   2 index: not touched, but in a cluster where the two are in different slots the server refuses the call
ARGV  1 our lock token   2 lock TTL in milliseconds
Returns  1 when the lock is ours, 0 when another scheduler holds it.

Why not SET NX alone: when its answer gets lost, the one who asked holds a lock that it does not know of, and would wait
for itself until it expires. Asking again under the same token is safe however often it is done.
]]
local refusal = guard({
  { 'TYPE', KEYS[1] }, { 'GET', KEYS[1] }, { 'SET', KEYS[1], ARGV[1] }, { 'PEXPIRE', KEYS[1], ARGV[2] }
}) or mistyped(KEYS[1], 'string')
if refusal then return refusal end
local holder = redis.call('GET', KEYS[1])
if holder == false then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
elseif holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
return 0
