--[[
What every script begins with: joined in front of it when it is loaded.

Redis looks at a command, and at the user's right to run it, only when a script comes to it. A script whose third write
is refused leaves two done. So each script says first which commands it is made of, with one key of each kind, and
writes nothing unless it may run all of them.
]]

-- Why a command cannot be run: 'unknown' to this server, 'denied' to this user, or nil when nothing is in the way.
local function obstacle(command, ...)
  if redis.acl_check_cmd then
    -- It raises an error for a command that the server does not know, such as one that was renamed.
    local known, allowed = pcall(redis.acl_check_cmd, command, ...)
    return not known and 'unknown' or not allowed and 'denied' or nil
  end
  -- Before Redis 7 nobody tells about rights. What is called without arguments is refused unread, and the refusal of an
  -- unknown command differs.
  local refusal = redis.pcall(command).err
  return refusal and string.find(refusal, 'Unknown Redis command', 1, true) and 'unknown' or nil
end

-- The error for the first of these commands, each with its arguments, that cannot be run; nil when all can.
local function guard(commands)
  for _, command in ipairs(commands) do
    local reason = obstacle(unpack(command))
    if reason == 'unknown' then
      return redis.error_reply("ERR unknown command '" .. command[1] .. "'")
    elseif reason then
      return redis.error_reply('NOPERM this user may not run ' .. command[1] .. ' on ' .. command[2])
    end
  end
end

-- The error for a key that holds another type than it should; nil for a key that holds nothing.
local function mistyped(key, wanted)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end
