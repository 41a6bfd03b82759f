--[[
Looks which commands can be run, and whether the server takes a write. Changes nothing.

KEYS  1 index of definitions
ARGV  for each command: the number of its words, then the words
Returns  1 one character for each command: '+' it can be run, 'u' the server does not know it, 'd' the user may not run it
         2 what the server answered to a write that changes nothing, when that was an error, or empty

Why a script: servers judge a write within a script by other rules than one outside of it, and all of ours are within.
]]
local codes = {}
local arg = 1
while arg <= #ARGV do
  local count = tonumber(ARGV[arg])
  local reason = obstacle(unpack(ARGV, arg + 1, arg + count))
  codes[#codes + 1] = reason and string.sub(reason, 1, 1) or '+'
  arg = arg + 1 + count
end
-- No score is lower than this one, so an entry of that name stays, and without XX there would be a new one.
local answer = redis.pcall('ZADD', KEYS[1], 'XX', 'GT', '-inf', '')
return { table.concat(codes), type(answer) == 'table' and answer.err or '' }
