/** What the Redis store does in one step inside Redis (Lua). A lease is kept as `fence:holder`. */

/** KEYS: value. ARGV: 1 or 0 and the expected value, 1 or 0 and the next one, time to live or nothing. */
export const COMPARE_AND_SET = `
local held = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if held then return 0 end
elseif held ~= ARGV[2] then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return 1`

/**
 * KEYS: lease, last fence. ARGV: holder, time to live. The fence is the time in ms, and more than the last one: so it grows
 * also when Redis has lost everything and begins anew.
 */
export const ACQUIRE_LEASE = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, string.find(held, ':', 1, true) + 1) ~= ARGV[1] then return false end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local fence = string.format('%.0f', math.max(now, last + 1))
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], fence .. ':' .. ARGV[1], 'PX', ARGV[2])
return fence`

/** KEYS: channel. ARGV: message. With the channel for a key, one node of a cluster sends all of its messages: they stay in order. */
export const PUBLISH = `
return redis.call('PUBLISH', KEYS[1], ARGV[1])`

/** KEYS: lease. ARGV: the lease, time to live. */
export const RENEW_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

/** KEYS: lease. ARGV: the lease. */
export const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
