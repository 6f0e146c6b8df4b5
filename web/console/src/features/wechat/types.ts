/** The wire types of `wechat`. */
export type AccountKind =
  'subscription_unverified' | 'subscription_verified' | 'service_unverified' | 'service_verified'
export type Mode = 'plain' | 'compat' | 'safe'

export interface AutoReply {
  text: string
  is_on: boolean
}

export interface Account {
  id: string
  name: string
  wechat_id: string
  original_id: string
  appid: string
  kind: AccountKind
  mode: Mode
  token: string
  callback_url: string
  api_base_url: string
  is_active: boolean
  has_secret: boolean
  has_aes_key: boolean
  has_previous_aes_key: boolean
  greeting: AutoReply
  default_reply: AutoReply
  last_push_at: string | null
  verified_at: string | null
  health: {
    trouble: string
    trouble_message: string
    trouble_at: string | null
    checked_at: string | null
    token_expires_at: string | null
  }
  version: number
}

export interface Quota {
  interface: string
  title: string
  used: number
  limit: number
}

export interface KeywordReply {
  id: string
  account_id: string | null
  keywords: string[]
  match: 'exact' | 'contains'
  reply: { kind: string; content: string }
  is_on: boolean
  sort: number
}

export interface Fan {
  account_id: string
  account_name: string
  openid: string
  unionid: string
  name: string
  remark: string
  is_subscribed: boolean
  subscribed_at: string | null
  unsubscribed_at: string | null
  subscribe_scene: string
  qr_scene: string
  language: string
  tags: number[]
  window: { expires_at: string | null; remaining: number }
}

export interface Check {
  is_ok: boolean
  reason: string
  errcode: number
  message: string
  prompt: string
  checked_at: string
}
