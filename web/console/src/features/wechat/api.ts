import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import type {
  Account,
  AccountChange,
  Check,
  Fan,
  KeywordReply,
  KeywordReplyDraft,
  NewAccount,
  Quota,
} from './types'

const segment = encodeURIComponent

export const listAccounts = () => request<Page<Account>>('/wechat/accounts')
export const addAccount = (account: NewAccount) =>
  request<Account>('/wechat/accounts', { method: 'POST', body: account })
export const changeAccount = (id: string, change: AccountChange) =>
  request<Account>(`/wechat/accounts/${segment(id)}`, { method: 'PATCH', body: change })
export const checkAccount = (id: string) =>
  request<Check>(`/wechat/accounts/${segment(id)}/checks`, { method: 'POST', body: {} })
export const listQuotas = (id: string) => request<Page<Quota>>(`/wechat/accounts/${segment(id)}/quotas`)

export const listKeywordReplies = () => request<Page<KeywordReply>>('/wechat/keyword-replies')
export const addKeywordReply = (reply: KeywordReplyDraft) =>
  request<KeywordReply>('/wechat/keyword-replies', { method: 'POST', body: reply })
export const replaceKeywordReply = (id: string, reply: KeywordReplyDraft) =>
  request<KeywordReply>(`/wechat/keyword-replies/${segment(id)}`, { method: 'PUT', body: reply })
export const removeKeywordReply = (id: string) =>
  request<unknown>(`/wechat/keyword-replies/${segment(id)}`, { method: 'DELETE' })

const fanAt = (accountId: string, openid: string) => `/wechat/fans/${segment(accountId)}/${segment(openid)}`
export const readFan = (accountId: string, openid: string) => request<Fan>(fanAt(accountId, openid))
export const changeFan = (accountId: string, openid: string, remark: string) =>
  request<Fan>(fanAt(accountId, openid), { method: 'PATCH', body: { remark } })
