import type { Component } from 'vue'
import {
  Bell,
  ChatDotRound,
  Connection,
  DataLine,
  Document,
  Iphone,
  Menu as MenuIcon,
  Setting,
  Tickets,
  User,
} from '@element-plus/icons-vue'

const ICONS: Record<string, Component> = {
  bell: Bell,
  chat: ChatDotRound,
  monitor: DataLine,
  chart: DataLine,
  document: Document,
  phone: Iphone,
  setting: Setting,
  settings: Setting,
  story: Connection,
  ticket: Tickets,
  user: User,
  users: User,
}

/** The picture for a menu's icon name; unknown names get the plain one. */
export function iconOf(name: string): Component {
  return ICONS[name] ?? MenuIcon
}
