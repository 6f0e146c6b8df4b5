/** The wire types of `wechat`. */
export type AccountKind = 'subscription_unverified' | 'subscription_verified' | 'service_unverified' | 'service_verified'
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
  health: Record<string, unknown>
  version: number
}

export interface Quota {
  interface: string
  title: string
  used: number
  limit: number | null
}

export interface KeywordReply {
  id: string
  account_id: string | null
  keywords: string[]
  match: 'exact' | 'contains'
  reply: { kind: string; content: string }
  is_on: boolean
  sort: number
  version?: number
}

export interface Fan {
  account_id: string
  account_name: string
  openid: string
  unionid: string
  remark: string
  is_subscribed: boolean
  subscribed_at: string | null
  unsubscribed_at: string | null
  subscribe_scene: string
  qr_scene: string
  language: string
  tags: string[]
  window: { expires_at: string | null; remaining: number }
}
